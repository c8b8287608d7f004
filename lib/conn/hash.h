// The keyed hash of a client's endpoint, and where its value puts a connection in the index. Pure functions.
//
// Two rounds of multiply-and-fold (64 x 64 -> 128 bits, halves xor-ed) under four secret words: a client that
// does not know them cannot choose addresses and ports that meet in one bucket. Of the value, the upper bits
// choose the home bucket, bits 39 and below the other one, the lowest 16 are the tag.
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"

namespace steelyard::conn {

__extension__ using uint128 = unsigned __int128;

constexpr uint64_t multiply_high(uint64_t a, uint64_t b) noexcept {
  return static_cast<uint64_t>(uint128{a} * b >> 64);
}

class KeyedHash {
 public:
  constexpr explicit KeyedHash(std::array<uint64_t, 2> seed) noexcept {
    uint64_t state = seed[0];
    for (std::size_t i = 0; i < keys_.size(); ++i) keys_[i] = next(state) ^ rotate(seed[1], 16 * i);
    keys_[1] |= 1;
    keys_[3] |= 1;
  }

  constexpr uint64_t operator()(Endpoint client, Protocol protocol) const noexcept {
    const uint64_t key = uint64_t{client.address.be} << 32 | uint64_t{client.port.be} << 8 |
                         uint64_t{static_cast<uint8_t>(protocol)};
    return fold(fold(key ^ keys_[0], keys_[1]) ^ keys_[2], keys_[3]);
  }

 private:
  static constexpr uint64_t fold(uint64_t a, uint64_t b) noexcept {
    const uint128 product = uint128{a} * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  static constexpr uint64_t rotate(uint64_t v, std::size_t by) noexcept {
    return by == 0 ? v : v << by | v >> (64 - by);
  }
  // SplitMix64: spreads the seed, also a poor one, over all keys.
  static constexpr uint64_t next(uint64_t& state) noexcept {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  std::array<uint64_t, 4> keys_{};
};

// Ranges are reduced by multiplication, so the number of buckets (at least 2) need not be a power of two.
constexpr uint64_t home_bucket(uint64_t hash, uint64_t buckets) noexcept {
  return multiply_high(hash, buckets);
}
constexpr uint64_t other_bucket(uint64_t hash, uint64_t buckets) noexcept {
  const uint64_t b = home_bucket(hash, buckets) + 1 + multiply_high(hash << 24, buckets - 1);
  return b < buckets ? b : b - buckets;  // never the home bucket
}
constexpr uint16_t hash_tag(uint64_t hash) noexcept { return static_cast<uint16_t>(hash); }

}  // namespace steelyard::conn
