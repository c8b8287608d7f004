// What a worker needs of the wires. dpdk::QueueIo in the director, MemoryIo in tests, replay and benchmark.
#pragma once

#include <concepts>
#include <cstdint>

#include "base/types.h"

struct rte_mbuf;
struct rte_mempool;

namespace steelyard {

// All functions are noexcept and called by the worker's own thread only. A port is an index of a configured
// port.
template <class Io>
concept PacketIo = requires(Io io, rte_mbuf** packets, rte_mbuf* packet, uint16_t n, uint8_t port,
                            Ipv4 destination) {
  // Up to n packets, in mbuf->port the index of the configured port each came in by and at least
  // 4 bytes of headroom (128, and 64 bytes behind the frame, where answers are wanted). The worker owns them.
  { io.receive(packets, n) }
  noexcept->std::same_as<uint16_t>;
  // Sends n packets by `port`, in order; frees those that the queue refuses. Returns how many it took.
  { io.send(port, packets, n) }
  noexcept->std::same_as<uint16_t>;
  // To the kernel interface of port mbuf->port. False: the ring is full, the packet is still the worker's.
  { io.to_kernel(packet) }
  noexcept->std::same_as<bool>;
  // A packet that is rewritten but for its Ethernet header, to be sent to `destination` once the next hop's
  // MAC is known. False: nobody can keep it, the packet is still the worker's.
  { io.hold(packet, destination) }
  noexcept->std::same_as<bool>;
  // Frees n packets.
  { io.free(packets, n) }
  noexcept->std::same_as<void>;
  // Pools for fragmentation on output: headers from the direct one, payload references from the indirect one.
  { io.direct_pool() }
  noexcept->std::same_as<rte_mempool*>;
  { io.indirect_pool() }
  noexcept->std::same_as<rte_mempool*>;
};

}  // namespace steelyard
