// The benchmark's packets: which flows there are, and the order in which their packets come. A packet is
// described by 24 bytes that the memory NIC turns into a frame, so that millions of flows stream through the
// cache instead of filling it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/types.h"

namespace steelyard::bench {

inline constexpr uint8_t kOutside = 0, kInside = 1;  // ports: clients, real servers
inline constexpr unsigned kServers = 16;
inline constexpr uint8_t kRefused =
    255;  // instead of a server: of a connection that the table had no place for
inline constexpr uint16_t kShortest = 60, kLongest = 1514;  // frames without their check sequence

inline constexpr Endpoint kVirtual{{swap32(0xcb00710a)}, {swap16(80)}};  // 203.0.113.10:80
constexpr Endpoint server_endpoint(unsigned server) noexcept {           // 10.0.0.11:8080 ...
  return {{swap32(0x0a00000b + server)}, {swap16(8080)}};
}
// 64 connections of each client address.
constexpr Endpoint client_endpoint(uint32_t flow) noexcept {
  return {{swap32(0x14000000 + flow / 64)}, {swap16(static_cast<uint16_t>(1024 + flow % 64 * 31))}};
}

// Everything about a packet that differs from packet to packet.
struct Spec {
  Ipv4 source, destination;
  Port source_port, destination_port;
  uint16_t ip_checksum = 0, tcp_checksum = 0;
  uint32_t flow = 0;  // also the TCP sequence number
  uint16_t length = kShortest;
  uint8_t port = kOutside;  // that it comes in by
  uint8_t flags = 0;        // TCP's
};
static_assert(sizeof(Spec) == 24);

inline constexpr uint8_t kTtl = 64;

// With right checksums; the payload is zeros.
Spec make_spec(Endpoint from, Endpoint to, uint32_t flow, uint8_t port, uint8_t flags, uint16_t length);
Spec from_client(uint32_t flow, uint8_t flags, uint16_t length = kShortest);
Spec from_server(uint32_t flow, unsigned server, uint8_t flags, uint16_t length = kShortest);

// For a director with one port: all packets come in by it.
void to_one_port(std::span<Spec> specs) noexcept;

enum class Order : uint8_t { random, sequential, zipf };

// Frame lengths (without check sequence), one drawn for each packet.
struct Sizes {
  bool imix = false;  // 7 x 64, 4 x 594, 1 x 1518
  uint16_t fixed = kShortest;
};

// Requests to replies, in numbers of packets.
struct Ratio {
  uint32_t requests = 1, replies = 1;
};

// The established flows' packets, at most `most` of them; with fewer than one round of all flows they are a
// sample. Of each flow as many requests and replies as `ratio` says, all in random order (or flow after
// flow). `server_of` by flow; none of refused ones.
std::vector<Spec> established_traffic(std::span<const uint8_t> server_of, Order order, Sizes sizes,
                                      Ratio ratio, std::size_t most, uint64_t seed);

// Short connections, eight packets each: SYN, SYN-ACK, ACK, request, response, FIN, FIN-ACK, ACK; kChurnStep
// connections at a time. The n-th one's server is the n-th in turn.
inline constexpr uint32_t kChurnStep = 1024;
void append_churn(std::vector<Spec>& specs, uint32_t first, uint32_t end);

// The traffic of one of several workers: the flows that the client's address and port give it, or any
// packets.
std::vector<Spec> share_of(std::span<const Spec> traffic, unsigned worker, unsigned workers, bool affinity);

}  // namespace steelyard::bench
