// Internet checksums: full sums (RFC 1071) and incremental updates (RFC 1624).
//
// Every 16-bit value here is as it stands in the packet (loaded without swapping): one's complement sums do
// not depend on byte order (RFC 1071 section 2B). Pure functions, any thread.
//
// A delta is the one's complement sum of ~old and new words: RFC 1624 equation 3 with everything but the
// checksum summed up beforehand. Equation 3 never turns a right checksum into the other zero, which
// equation 4 does (section 3); only UDP has a meaning of its own for zero (RFC 768), see apply_udp().
#pragma once

#include <cstdint>
#include <cstring>

#include "base/types.h"
#include "net/headers.h"

namespace steelyard {

// --- Sums

// Folds a sum of words to 16 bits with the carries added back. 0 only for 0.
constexpr uint16_t fold(uint64_t sum) noexcept {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// The unfolded sum of `n` bytes, an odd last byte padded with zero. n < 2^33.
inline uint64_t sum_words(const uint8_t* bytes, std::size_t n) noexcept {
  uint64_t sum = 0;
  for (; n >= 4; n -= 4, bytes += 4) {
    uint32_t word;
    std::memcpy(&word, bytes, 4);
    sum += word;
  }
  uint32_t tail = 0;
  std::memcpy(&tail, bytes, n);
  return sum + tail;
}

// The checksum to store over bytes whose checksum field counts as zero.
inline uint16_t internet_checksum(const uint8_t* bytes, std::size_t n, uint64_t start = 0) noexcept {
  return static_cast<uint16_t>(~fold(start + sum_words(bytes, n)));
}

// True if the bytes, checksum field included, add up to what a receiver expects.
inline bool checksum_ok(const uint8_t* bytes, std::size_t n, uint64_t start = 0) noexcept {
  return fold(start + sum_words(bytes, n)) == 0xffff;
}

// The same for an IPv4 header without options, checksum field included.
inline bool ipv4_checksum_ok(const uint8_t* header) noexcept {
  const auto word = [header](int i) {
    uint32_t w;
    std::memcpy(&w, header + 4 * i, sizeof w);
    return uint64_t{w};
  };
  uint64_t sum = word(0) + word(1) + word(2) + word(3) + word(4);
  // Adding the other half leaves the sum of both, with its carry, in the upper one.
  sum += sum << 32 | sum >> 32;
  auto upper = static_cast<uint32_t>(sum >> 32);
  upper += upper << 16 | upper >> 16;
  return upper >> 16 == 0xffff;
}

// Of the pseudo header of TCP and UDP (RFC 9293 section 3.1); `length` is that of transport header and data.
constexpr uint64_t pseudo_header_sum(Ipv4 source, Ipv4 destination, uint8_t protocol,
                                     uint16_t length) noexcept {
  return uint64_t{source.be} + destination.be + swap16(protocol) + swap16(length);
}

// --- Incremental updates

// What changing a word does to a checksum over it.
constexpr uint16_t word_delta(uint16_t from, uint16_t to) noexcept {
  return fold(uint64_t{static_cast<uint16_t>(~from)} + to);
}
// The same for an address, as in the IPv4 header.
constexpr uint16_t ip_delta(Ipv4 from, Ipv4 to) noexcept {
  return fold(uint64_t{static_cast<uint32_t>(~from.be)} + to.be);
}
// The same for address and port, as in the TCP or UDP checksum with its pseudo header.
constexpr uint16_t checksum_delta(Endpoint from, Endpoint to) noexcept {
  return fold(uint64_t{static_cast<uint32_t>(~from.address.be)} + to.address.be +
              static_cast<uint16_t>(~from.port.be) + to.port.be);
}
// Two changes at once.
constexpr uint16_t combine(uint16_t a, uint16_t b) noexcept { return fold(uint64_t{a} + b); }
// The change back: what to apply on the way from `to` to `from`.
constexpr uint16_t opposite(uint16_t delta) noexcept { return static_cast<uint16_t>(~delta); }

// The time to live, first byte of its word, becomes one less. Combine it with the addresses' delta.
inline constexpr uint16_t kTtlDelta = swap16(0xfeff);

// The checksum after the change; right if it was right before, wrong by as much if it was wrong.
constexpr uint16_t apply(uint16_t checksum, uint16_t delta) noexcept {
  uint32_t sum = static_cast<uint16_t>(~checksum) + uint32_t{delta};
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}
// Two changes at once: apply(checksum, combine(first, second)), a fold cheaper.
constexpr uint16_t apply(uint16_t checksum, uint16_t first, uint16_t second) noexcept {
  uint32_t sum = static_cast<uint16_t>(~checksum) + uint32_t{first} + second;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}
// UDP: no checksum (0) stays none, and one that comes out as 0 is sent as its twin 0xffff.
constexpr uint16_t apply_udp(uint16_t checksum, uint16_t delta) noexcept {
  if (checksum == 0) return 0;
  const uint16_t updated = apply(checksum, delta);
  return updated == 0 ? 0xffff : updated;
}

}  // namespace steelyard
