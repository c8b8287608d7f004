// What tests need to look at frames. The checksums here are computed by slow code of their own, so that they
// can judge that of lib/net.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace steelyard::test {

using Bytes = std::vector<uint8_t>;

std::string hex(std::span<const uint8_t> bytes);      // one line
std::string hexdump(std::span<const uint8_t> bytes);  // 16 bytes a line, with offsets

// Where the IPv4 header of a frame starts, behind any number of tags; nothing: not IPv4.
std::optional<std::size_t> ip_offset(std::span<const uint8_t> frame);

// What a receiver would say. Whatever a frame does not have, or what cannot be computed (a fragment's
// transport checksum), is right. `quoted_ip` is the header checksum of the packet an ICMP error quotes.
struct Checksums {
  bool ip = true, transport = true, quoted_ip = true;
};
Checksums checksums(std::span<const uint8_t> frame);
bool checksums_ok(std::span<const uint8_t> frame);  // ip and transport
void fix_checksums(Bytes& frame);                   // makes both right (UDP without one stays without)

// RFC 1071 as written, in host order: the sum of all words, complemented.
uint16_t slow_checksum(std::span<const uint8_t> bytes);
// Over a transport header and its data, with the pseudo header if the protocol has one; whatever the checksum
// field holds counts.
uint16_t transport_checksum(Ipv4 from, Ipv4 to, uint8_t protocol, std::span<const uint8_t> l4);
// Where a transport protocol keeps its checksum; nothing: it is none that has one.
std::optional<std::size_t> checksum_place(uint8_t protocol);

// Into and out of packets, in network byte order.
void put(Bytes& out, std::span<const uint8_t> bytes);
void put16(Bytes& out, unsigned v);
void put32(Bytes& out, uint32_t v);
void set16(Bytes& out, std::size_t at, unsigned v);
unsigned get16(std::span<const uint8_t> in, std::size_t at);

}  // namespace steelyard::test
