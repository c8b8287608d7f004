// How schedules of the mapping kind find the place of a new connection in their table.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace steelyard {

// What is known of a connection when it is opened.
struct Arrival {
  Endpoint client;
  Ipv4 destination;  // the virtual address
};

enum class MappingKey : uint8_t { none, source, source_and_port, destination };
enum class MappingHash : uint8_t { multiplicative, siphash };

struct Mapping {
  MappingKey key = MappingKey::none;
  MappingHash hash = MappingHash::multiplicative;
  friend bool operator==(const Mapping&, const Mapping&) = default;
};

// Linux's hash_32(value, 8): one of 256 places.
constexpr uint32_t multiplicative_hash(uint32_t value) noexcept { return value * 0x61c88647u >> 24; }

// SipHash-1-3 of four bytes with both halves of its key equal to `key`, folded to 32 bits: what IPVS's mh
// hashes with on 64-bit machines.
uint32_t siphash(uint32_t value, uint64_t key) noexcept;

inline constexpr uint64_t kSiphashKey = 2654435761;        // for places in the table
inline constexpr uint64_t kSecondSiphashKey = 2654446892;  // mh: for the steps of a server

// The value IPVS hashes: the address in host order, plus the port where that counts.
constexpr uint32_t mapping_value(Ipv4 address, uint32_t port = 0) noexcept { return address.host() + port; }

// Worker: the place, before the modulus by the table's size. The mapping is not `none`.
inline uint32_t hash(Mapping mapping, const Arrival& arrival) noexcept {
  uint32_t value = mapping_value(arrival.client.address);
  if (mapping.key == MappingKey::source_and_port) value += arrival.client.port.host();
  if (mapping.key == MappingKey::destination) value = mapping_value(arrival.destination);
  return mapping.hash == MappingHash::siphash ? siphash(value, kSiphashKey) : multiplicative_hash(value);
}

}  // namespace steelyard
