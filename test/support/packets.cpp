#include "packets.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace steelyard::test {
namespace {

Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

Ipv4 ip(std::string_view address) {
  const auto parsed = parse_ipv4(address);
  if (!parsed) throw std::invalid_argument(fmt::format("no IPv4 address: {}", address));
  return *parsed;
}

Endpoint ep(std::string_view address, uint16_t port) { return {ip(address), Port::from_host(port)}; }

Mac mac(std::string_view text) {
  const auto parsed = parse_mac(text);
  if (!parsed) throw std::invalid_argument(fmt::format("no MAC address: {}", text));
  return *parsed;
}

Bytes from_hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == ':') continue;
    const std::size_t digit = std::string_view{"0123456789abcdef"}.find(c);
    if (digit == std::string_view::npos) throw std::invalid_argument(fmt::format("no hex digit: {}", c));
    if (high >= 0) out.push_back(static_cast<uint8_t>(static_cast<std::size_t>(high) << 4 | digit));
    high = high >= 0 ? -1 : static_cast<int>(digit);
  }
  if (high >= 0) throw std::invalid_argument("half a byte");
  return out;
}

template <class F>
Frame Frame::with(F change) const {
  Frame copy = *this;
  change(copy);
  return copy;
}

Frame Frame::macs(const Mac& destination, const Mac& source) const {
  return with([&](Frame& f) { f.destination_ = destination, f.source_ = source; });
}
Frame Frame::vlan(uint16_t tci, uint16_t tpid) const {
  return with([&](Frame& f) { f.tags_.insert(f.tags_.begin(), {tpid, tci}); });
}
Frame Frame::pad(std::size_t n, uint8_t fill) const {
  return with([&](Frame& f) { f.padding_.assign(n, fill); });
}
Frame Frame::tos(uint8_t v) const {
  return with([&](Frame& f) { f.tos_ = v; });
}
Frame Frame::id(uint16_t v) const {
  return with([&](Frame& f) { f.id_ = v; });
}
Frame Frame::ttl(uint8_t v) const {
  return with([&](Frame& f) { f.ttl_ = v; });
}
Frame Frame::df() const {
  return with([&](Frame& f) { f.fragment_ = static_cast<uint16_t>(f.fragment_ | 0x4000); });
}
Frame Frame::mf() const {
  return with([&](Frame& f) { f.fragment_ = static_cast<uint16_t>(f.fragment_ | 0x2000); });
}
Frame Frame::offset(uint16_t bytes) const {
  return with([&](Frame& f) { f.fragment_ = static_cast<uint16_t>((f.fragment_ & 0xe000) | bytes / 8); });
}
Frame Frame::options(const Bytes& v) const {
  return with([&](Frame& f) { f.options_ = v; });
}
Frame Frame::version_ihl(uint8_t v) const {
  return with([&](Frame& f) { f.version_ihl_ = v; });
}
Frame Frame::total_length(uint16_t v) const {
  return with([&](Frame& f) { f.total_length_ = v; });
}
Frame Frame::bad_ip_checksum() const {
  return with([&](Frame& f) { f.bad_ip_ = true; });
}
Frame Frame::payload(const Bytes& v) const {
  return with([&](Frame& f) { f.payload_ = v; });
}
Frame Frame::nosum() const {
  return with([&](Frame& f) { f.nosum_ = true; });
}
Frame Frame::bad_checksum() const {
  return with([&](Frame& f) { f.bad_l4_ = true; });
}
Frame Frame::seq(uint32_t v) const {
  return with([&](Frame& f) { set16(f.l4_, 4, v >> 16), set16(f.l4_, 6, v); });
}
Frame Frame::ack(uint32_t v) const {
  return with([&](Frame& f) { set16(f.l4_, 8, v >> 16), set16(f.l4_, 10, v); });
}
Frame Frame::window(uint16_t v) const {
  return with([&](Frame& f) { set16(f.l4_, 14, v); });
}
Frame Frame::tcp_options(const Bytes& v) const {
  return with([&](Frame& f) {
    f.l4_.resize(20);
    put(f.l4_, v);
    f.l4_.at(12) = static_cast<uint8_t>(f.l4_.size() / 4 << 4);
  });
}

Bytes Frame::transport() const {
  Bytes l4 = l4_;
  put(l4, payload_);
  if (protocol_ == 17 && l4_.size() == 8) set16(l4, 4, static_cast<unsigned>(l4.size()));
  const auto place = checksum_place(protocol_);
  if (!place || l4_.empty() || (nosum_ && protocol_ == 17)) return l4;
  set16(l4, *place, 0);
  uint16_t sum = transport_checksum(from_, to_, protocol_, l4);
  if (protocol_ == 17 && sum == 0) sum = 0xffff;
  set16(l4, *place, bad_l4_ ? sum ^ 0x5a5au : sum);
  return l4;
}

Bytes Frame::ip_bytes() const {
  if (raw_) return *raw_;
  const Bytes l4 = transport();
  const std::size_t header = 20 + options_.size();
  Bytes out{version_ihl_.value_or(static_cast<uint8_t>(0x40 | header / 4)), tos_};
  put16(out, total_length_.value_or(static_cast<uint16_t>(header + l4.size())));
  put16(out, id_);
  put16(out, fragment_);
  put(out, Bytes{ttl_, protocol_, 0, 0});
  put32(out, from_.host());
  put32(out, to_.host());
  put(out, options_);
  const uint16_t sum = slow_checksum(out);
  set16(out, 10, bad_ip_ ? sum ^ 0x5a5au : sum);
  put(out, l4);
  return out;
}

Bytes Frame::bytes() const {
  Bytes out;
  put(out, destination_.bytes);
  put(out, source_.bytes);
  for (const Tag& tag : tags_) put16(out, tag.tpid), put16(out, tag.tci);
  put16(out, type_);
  put(out, ip_bytes());
  put(out, padding_);
  return out;
}

Frame transport_frame(Ipv4 from, Ipv4 to, Protocol protocol, const Bytes& header, const Bytes& payload) {
  Frame f;
  f.from_ = from;
  f.to_ = to;
  f.protocol_ = static_cast<uint8_t>(protocol);
  f.l4_ = header;
  f.payload_ = payload;
  return f;
}

Frame tcp(Endpoint from, Endpoint to, uint8_t flags, std::string_view payload) {
  Bytes header;
  put16(header, from.port.host());
  put16(header, to.port.host());
  put32(header, 1000);
  put32(header, (flags & kAck) != 0 ? 5001 : 0);
  put(header, Bytes{0x50, flags, 0xff, 0xff, 0, 0, 0, 0});
  return transport_frame(from.address, to.address, Protocol::tcp, header, to_bytes(payload));
}

Frame tcp(Endpoint from, Endpoint to, std::string_view payload) {
  return tcp(from, to, kPsh | kAck, payload);
}

Frame udp(Endpoint from, Endpoint to, std::string_view payload) {
  Bytes header;
  put16(header, from.port.host());
  put16(header, to.port.host());
  put32(header, 0);
  return transport_frame(from.address, to.address, Protocol::udp, header, to_bytes(payload));
}

Frame icmp_error(Ipv4 from, Ipv4 to, uint8_t type, uint8_t code, const Bytes& quoted_ip, std::size_t quote,
                 uint32_t rest) {
  Bytes header{type, code, 0, 0}, quoted = quoted_ip;
  put32(header, rest);
  quoted.resize(std::min(quoted.size(), quote));
  return transport_frame(from, to, Protocol::icmp, header, quoted);
}

Frame echo(Ipv4 from, Ipv4 to, uint16_t id, uint16_t sequence, uint8_t type) {
  Bytes header{type, 0, 0, 0};
  put16(header, id);
  put16(header, sequence);
  return transport_frame(from, to, Protocol::icmp, header, to_bytes("steelyard"));
}

Frame ip_frame(Ipv4 from, Ipv4 to, uint8_t protocol, const Bytes& payload) {
  return transport_frame(from, to, static_cast<Protocol>(protocol), {}, payload);
}

Frame raw_frame(uint16_t ether_type, const Bytes& contents) {
  Frame f;
  f.type_ = ether_type;
  f.raw_ = contents;
  return f;
}

Frame arp_request(Ipv4 from, Ipv4 target) {
  const Mac source{{2, 0, 0, 0, 0, 2}};
  Bytes arp{0, 1, 8, 0, 6, 4, 0, 1};
  put(arp, source.bytes);
  put32(arp, from.host());
  put(arp, Mac{}.bytes);
  put32(arp, target.host());
  return raw_frame(0x0806, arp).macs({{255, 255, 255, 255, 255, 255}}, source);
}

}  // namespace steelyard::test
