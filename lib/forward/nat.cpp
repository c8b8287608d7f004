#include "forward/nat.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <rte_mbuf.h>

#include "net/checksum.h"
#include "net/headers.h"

namespace steelyard {
namespace {

// Where a packet of direction d carries the endpoint that is translated: the destination inbound, the source
// outbound. Selected by arithmetic, since the direction of the next packet is as good as random.
constexpr std::size_t address_offset(std::size_t d) noexcept {
  static_assert(offsetof(Ipv4Header, destination) == 16 && offsetof(Ipv4Header, source) == 12);
  return 16 - 4 * d;
}
constexpr std::size_t port_offset(std::size_t d) noexcept { return 2 - 2 * d; }

constexpr std::size_t checksum_offset(Protocol protocol) noexcept {
  return protocol == Protocol::tcp ? offsetof(TcpHeader, checksum) : offsetof(UdpHeader, checksum);
}

uint16_t load16(const uint8_t* at) noexcept {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
void store16(uint8_t* at, uint16_t value) noexcept { std::memcpy(at, &value, sizeof value); }
void store32(uint8_t* at, uint32_t value) noexcept { std::memcpy(at, &value, sizeof value); }

// The delta as it is for direction d: the way back takes the opposite.
constexpr uint16_t directed(uint16_t delta, std::size_t d) noexcept {
  return static_cast<uint16_t>(delta ^ (0 - d));
}

// The outer header: the translated address, and one hop less to live.
void rewrite_ip(uint8_t* ip, std::size_t address_at, Ipv4 address, uint16_t delta) noexcept {
  auto& header = *reinterpret_cast<Ipv4Header*>(ip);
  store32(ip + address_at, address.be);
  --header.ttl;
  header.checksum = apply(header.checksum, delta, kTtlDelta);
}

uint16_t apply_l4(uint16_t checksum, uint16_t delta, Protocol protocol) noexcept {
  return protocol == Protocol::udp ? apply_udp(checksum, delta) : apply(checksum, delta);
}

// The quoted packet travelled against the error that quotes it, so it carries the translated endpoint on its
// other side. Returns what the changes do to a checksum over the quote. `length`: bytes quoted.
uint16_t rewrite_quote(uint8_t* ip, std::size_t length, Protocol protocol, std::size_t d, const Half& to,
                       const Connection& c) noexcept {
  auto& header = *reinterpret_cast<Ipv4Header*>(ip);
  const std::size_t ihl = (header.version_ihl & 0xfu) * 4;
  uint8_t* l4 = ip + ihl;
  // Of the quoted header nothing remains to be summed up: its own checksum changes by the opposite of its
  // address.
  store32(ip + address_offset(1 - d), to.address.be);
  header.checksum = apply(header.checksum, directed(c.ip_delta, d));
  uint16_t delta = word_delta(load16(l4 + port_offset(1 - d)), to.port.be);
  store16(l4 + port_offset(1 - d), to.port.be);
  const std::size_t checksum_at = checksum_offset(protocol);
  if (length >= ihl + checksum_at + 2) {
    const uint16_t before = load16(l4 + checksum_at);
    const uint16_t after = apply_l4(before, directed(c.l4_delta, d), protocol);
    store16(l4 + checksum_at, after);
    delta = combine(delta, word_delta(before, after));
  }
  return delta;
}

}  // namespace

void Nat::prepare(Connection& c) noexcept {
  c.ip_delta = ip_delta(c.half[0].address, c.half[1].address);
  c.l4_delta = checksum_delta(c.virtual_endpoint(), c.server_endpoint());
}

void Nat::rewrite(Packet& p, const Connection& c) noexcept {
  const auto d = static_cast<std::size_t>(p.key.direction);
  const Half& to = c.half[1 - d];
  rewrite_ip(p.ip, address_offset(d), to.address, directed(c.ip_delta, d));
  uint8_t* l4 = p.l4();
  store16(l4 + port_offset(d), to.port.be);
  uint8_t* checksum = l4 + checksum_offset(p.key.protocol);
  store16(checksum, apply_l4(load16(checksum), directed(c.l4_delta, d), p.key.protocol));
}

void Nat::rewrite_icmp_error(Packet& p, const Connection& c) noexcept {
  const auto d = static_cast<std::size_t>(p.key.direction);
  const Half& to = c.half[1 - d];
  // An error from a router behind the director must not show addresses that the client doesn't know: like
  // IPVS we give it the virtual one, so the delta is that of this packet's own source.
  const std::size_t address_at = address_offset(d);
  const Ipv4 outer = d == 0 ? p.destination : p.source;
  rewrite_ip(p.ip, address_at, to.address, ip_delta(outer, to.address));

  auto& icmp = *reinterpret_cast<IcmpHeader*>(p.l4());
  const std::size_t start = p.ip_header + sizeof(IcmpHeader);
  // In an mbuf of several segments only what lies in the first one is within reach.
  const std::size_t reach = std::min<std::size_t>(p.ip_length, std::size_t{p.mbuf->data_len} - p.l2_length);
  icmp.checksum = apply(icmp.checksum, rewrite_quote(p.ip + start, reach - start, p.key.protocol, d, to, c));
}

}  // namespace steelyard
