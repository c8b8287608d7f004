// Addresses, ports and endpoints as they stand in packets: network byte order throughout, so that comparing
// and copying need no conversion. Plain values, safe from any thread.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace steelyard {

inline constexpr std::size_t kCacheLine = 64;

constexpr uint16_t swap16(uint16_t v) noexcept { return __builtin_bswap16(v); }
constexpr uint32_t swap32(uint32_t v) noexcept { return __builtin_bswap32(v); }
static_assert(std::endian::native == std::endian::little, "byte-order helpers assume little endian");

// An IPv4 address in network byte order.
struct Ipv4 {
  uint32_t be = 0;

  static constexpr Ipv4 from_host(uint32_t host) noexcept { return {swap32(host)}; }
  constexpr uint32_t host() const noexcept { return swap32(be); }
  constexpr bool is_multicast() const noexcept { return (be & 0xf0) == 0xe0; }
  constexpr bool is_loopback() const noexcept { return (be & 0xff) == 127; }
  friend constexpr bool operator==(Ipv4, Ipv4) noexcept = default;
  friend constexpr auto operator<=>(Ipv4 a, Ipv4 b) noexcept { return a.host() <=> b.host(); }
};

// A transport port in network byte order.
struct Port {
  uint16_t be = 0;

  static constexpr Port from_host(uint16_t host) noexcept { return {swap16(host)}; }
  constexpr uint16_t host() const noexcept { return swap16(be); }
  friend constexpr bool operator==(Port, Port) noexcept = default;
  friend constexpr auto operator<=>(Port a, Port b) noexcept { return a.host() <=> b.host(); }
};

struct Endpoint {
  Ipv4 address;
  Port port;
  friend constexpr bool operator==(Endpoint, Endpoint) noexcept = default;
  friend constexpr auto operator<=>(Endpoint, Endpoint) noexcept = default;
};

// IP protocol numbers (IANA) that the datapath tells apart. `persistence` is no packet's (255 is reserved):
// it marks templates in the connection table (conn/template.h).
enum class Protocol : uint8_t { none = 0, icmp = 1, tcp = 6, udp = 17, persistence = 255 };

struct Mac {
  std::array<uint8_t, 6> bytes{};
  constexpr bool is_group() const noexcept { return (bytes[0] & 1) != 0; }
  constexpr bool is_zero() const noexcept { return bytes == std::array<uint8_t, 6>{}; }
  friend constexpr bool operator==(const Mac&, const Mac&) noexcept = default;
};

// An IPv4 prefix; `address` has no bits beyond `length`.
struct Prefix {
  Ipv4 address;
  uint8_t length = 0;
  constexpr uint32_t mask_host() const noexcept { return length == 0 ? 0 : ~uint32_t{0} << (32 - length); }
  constexpr bool contains(Ipv4 a) const noexcept { return ((a.host() ^ address.host()) & mask_host()) == 0; }
  friend constexpr bool operator==(Prefix, Prefix) noexcept = default;
};

// Strict parsers: the whole text or nothing. "10.0.0.1", "00:11:22:33:44:55", "10.0.0.0/8".
std::optional<Ipv4> parse_ipv4(std::string_view text) noexcept;
std::optional<Mac> parse_mac(std::string_view text) noexcept;

std::string to_string(Ipv4 a);
std::string to_string(Endpoint e);  // "10.0.0.1:80"
std::string to_string(const Mac& m);
std::string_view to_string(Protocol p) noexcept;  // "tcp", "udp", "icmp", "ip", "?"

}  // namespace steelyard

template <>
struct fmt::formatter<steelyard::Ipv4> : fmt::formatter<std::string> {
  auto format(steelyard::Ipv4 a, format_context& c) const {
    return formatter<std::string>::format(to_string(a), c);
  }
};
template <>
struct fmt::formatter<steelyard::Endpoint> : fmt::formatter<std::string> {
  auto format(steelyard::Endpoint e, format_context& c) const {
    return formatter<std::string>::format(to_string(e), c);
  }
};
template <>
struct fmt::formatter<steelyard::Mac> : fmt::formatter<std::string> {
  auto format(const steelyard::Mac& m, format_context& c) const {
    return formatter<std::string>::format(to_string(m), c);
  }
};
