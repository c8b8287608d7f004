// A frame as replay's own code sees it: offsets into bytes. Written apart from the datapath's parser, so that
// one can check the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/types.h"

namespace steelyard::replay {

inline uint16_t get16(std::span<const uint8_t> b, std::size_t at) noexcept {
  return static_cast<uint16_t>(b[at] << 8 | b[at + 1]);
}
inline void put16(std::span<uint8_t> b, std::size_t at, uint16_t value) noexcept {
  b[at] = static_cast<uint8_t>(value >> 8), b[at + 1] = static_cast<uint8_t>(value);
}
Ipv4 get_address(std::span<const uint8_t> b, std::size_t at) noexcept;
void put_address(std::span<uint8_t> b, std::size_t at, Ipv4 address) noexcept;

// RFC 1071 sum (not complemented) of `b`, an odd last byte padded with zero; `start` is added.
uint16_t sum16(std::span<const uint8_t> b, uint32_t start = 0) noexcept;
// The checksum field that belongs to data whose sum went from `before` to `after` (RFC 1624): right stays
// right, wrong stays wrong by as much.
uint16_t adjust(uint16_t checksum, uint16_t before, uint16_t after) noexcept;

// An IPv4 header at `ip` in the frame.
struct IpView {
  std::size_t ip = 0, l4 = 0;  // offsets
  std::size_t end = 0;         // of the packet by its total length
  uint8_t protocol = 0, ttl = 0;
  bool fragment = false, first = true;  // first: offset 0
  Ipv4 source, destination;
};

// An unfragmented TCP or UDP packet, or one quoted by an ICMP error.
struct FlowView {
  Protocol protocol = Protocol::none;
  Endpoint source, destination;
  uint8_t tcp_flags = 0;  // 0 for a quoted packet
};

// Ethernet II with at most two VLAN tags; nothing if it is not to a single station, or no whole IPv4 packet
// with a right header checksum.
std::optional<IpView> view_ip(std::span<const uint8_t> frame) noexcept;
// The same without these two conditions: a group's frame or a wrong header checksum will do.
std::optional<IpView> view_any_ip(std::span<const uint8_t> frame) noexcept;
bool header_checksum_right(std::span<const uint8_t> frame, const IpView& ip) noexcept;
// A whole TCP or UDP header of an unfragmented packet.
std::optional<FlowView> view_flow(std::span<const uint8_t> frame, const IpView& ip) noexcept;

// The packet that an ICMP error (types 3, 4, 11, 12) quotes: its header and its endpoints.
struct Quote {
  IpView ip;
  FlowView flow;
};
std::optional<Quote> view_quote(std::span<const uint8_t> frame, const IpView& ip) noexcept;

// Where the transport checksum of a packet stands, nothing if it lies outside [.., end) or is unused (UDP 0).
std::optional<std::size_t> transport_checksum(std::span<const uint8_t> frame, const IpView& ip,
                                              std::size_t end) noexcept;

}  // namespace steelyard::replay
