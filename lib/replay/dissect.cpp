#include "replay/dissect.h"

#include <algorithm>
#include <cstring>

namespace steelyard::replay {

namespace {

constexpr std::size_t kEthernet = 14, kVlanTag = 4, kIpv4 = 20, kUdp = 8, kTcp = 20, kIcmp = 8;
constexpr uint16_t kIpv4Type = 0x0800, kFragmentBits = 0x3fff;

bool is_vlan(uint16_t type) noexcept { return type == 0x8100 || type == 0x88a8 || type == 0x9100; }

// Where the IPv4 header starts.
std::optional<std::size_t> ip_offset(std::span<const uint8_t> frame) noexcept {
  std::size_t type = kEthernet - 2;
  for (int tags = 0; frame.size() >= type + 2; ++tags, type += kVlanTag) {
    if (get16(frame, type) == kIpv4Type) return type + 2;
    if (!is_vlan(get16(frame, type)) || tags == 2) break;
  }
  return std::nullopt;
}

// The header at `at` of [.., limit); its total length is not looked at.
std::optional<IpView> view_header(std::span<const uint8_t> frame, std::size_t at,
                                  std::size_t limit) noexcept {
  if (limit < at + kIpv4 || frame[at] >> 4 != 4) return std::nullopt;
  const std::size_t length = (frame[at] & 15) * std::size_t{4};
  if (length < kIpv4 || limit < at + length) return std::nullopt;
  const uint16_t fragment = get16(frame, at + 6);
  IpView view;
  view.ip = at, view.l4 = at + length, view.end = at + get16(frame, at + 2);
  view.protocol = frame[at + 9], view.ttl = frame[at + 8];
  view.fragment = (fragment & kFragmentBits) != 0, view.first = (fragment & 0x1fff) == 0;
  view.source = get_address(frame, at + 12), view.destination = get_address(frame, at + 16);
  return view;
}

FlowView ports(std::span<const uint8_t> frame, const IpView& ip) noexcept {
  return {static_cast<Protocol>(ip.protocol),
          {ip.source, Port::from_host(get16(frame, ip.l4))},
          {ip.destination, Port::from_host(get16(frame, ip.l4 + 2))},
          0};
}

}  // namespace

Ipv4 get_address(std::span<const uint8_t> b, std::size_t at) noexcept {
  Ipv4 address;
  std::memcpy(&address.be, &b[at], sizeof(address.be));
  return address;
}

void put_address(std::span<uint8_t> b, std::size_t at, Ipv4 address) noexcept {
  std::memcpy(&b[at], &address.be, sizeof(address.be));
}

uint16_t sum16(std::span<const uint8_t> b, uint32_t start) noexcept {
  uint64_t sum = start;
  for (std::size_t i = 0; i + 1 < b.size(); i += 2) sum += get16(b, i);
  if (b.size() % 2 != 0) sum += static_cast<uint64_t>(b.back()) << 8;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint16_t adjust(uint16_t checksum, uint16_t before, uint16_t after) noexcept {
  uint32_t sum = uint32_t{static_cast<uint16_t>(~checksum)} + static_cast<uint16_t>(~before) + after;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

std::optional<IpView> view_any_ip(std::span<const uint8_t> frame) noexcept {
  if (frame.size() < kEthernet) return std::nullopt;
  const auto at = ip_offset(frame);
  if (!at) return std::nullopt;
  const auto view = view_header(frame, *at, frame.size());
  if (!view || view->end > frame.size() || view->end < view->l4) return std::nullopt;
  return view;
}

bool header_checksum_right(std::span<const uint8_t> frame, const IpView& ip) noexcept {
  return sum16(frame.subspan(ip.ip, ip.l4 - ip.ip)) == 0xffff;
}

std::optional<IpView> view_ip(std::span<const uint8_t> frame) noexcept {
  const auto view = view_any_ip(frame);
  if (!view || (frame[0] & 1) != 0 || !header_checksum_right(frame, *view)) return std::nullopt;
  return view;
}

std::optional<FlowView> view_flow(std::span<const uint8_t> frame, const IpView& ip) noexcept {
  if (ip.fragment) return std::nullopt;
  const std::size_t room = ip.end - ip.l4;
  const bool tcp = ip.protocol == static_cast<uint8_t>(Protocol::tcp) && room >= kTcp;
  const bool udp = ip.protocol == static_cast<uint8_t>(Protocol::udp) && room >= kUdp;
  if (!tcp && !udp) return std::nullopt;
  FlowView flow = ports(frame, ip);
  if (tcp) flow.tcp_flags = frame[ip.l4 + 13];
  return flow;
}

std::optional<Quote> view_quote(std::span<const uint8_t> frame, const IpView& ip) noexcept {
  if (ip.fragment || ip.protocol != static_cast<uint8_t>(Protocol::icmp) || ip.end < ip.l4 + kIcmp)
    return std::nullopt;
  const uint8_t type = frame[ip.l4];
  if (type != 3 && type != 4 && type != 11 && type != 12) return std::nullopt;
  const auto quoted = view_header(frame, ip.l4 + kIcmp, ip.end);
  if (!quoted || !quoted->first || ip.end < quoted->l4 + 8) return std::nullopt;
  if (quoted->protocol != static_cast<uint8_t>(Protocol::tcp) &&
      quoted->protocol != static_cast<uint8_t>(Protocol::udp))
    return std::nullopt;
  return Quote{*quoted, ports(frame, *quoted)};
}

std::optional<std::size_t> transport_checksum(std::span<const uint8_t> frame, const IpView& ip,
                                              std::size_t end) noexcept {
  const bool udp = ip.protocol == static_cast<uint8_t>(Protocol::udp);
  const std::size_t at = ip.l4 + (udp ? 6 : 16);
  if (at + 2 > end || (udp && get16(frame, at) == 0)) return std::nullopt;
  return at;
}

}  // namespace steelyard::replay
