// The director's packet buffers. One pool for all ports, so that a frame goes from port to port without a
// copy.
#pragma once

#include <cstdint>
#include <memory>

struct rte_mempool;

namespace steelyard::dpdk {

// Buffers that a queue pair may hold: its descriptors both ways and, for XDP sockets, the fill and completion
// rings.
inline constexpr unsigned kBuffersPerQueue = 4096;
// Frames that may wait in one ring between a worker and the control core.
inline constexpr unsigned kRingSize = 2048;

class Pools {
 public:
  struct Options {
    unsigned queues = 1;    // queue pairs of all ports
    unsigned workers = 1;   // each has two rings and a cache
    unsigned mtu = 1500;    // the largest of all ports
    bool one_area = false;  // XDP sockets need the packets side by side in one area of memory
    bool dma = false;       // a physical port reads and writes them
  };
  // Throws StartError when there is not enough memory.
  explicit Pools(const Options& options);
  // Bytes that they take on pages of this size. Needs no EAL.
  static uint64_t bytes(const Options& options, uint64_t page);

  // Whole frames; also the direct pool of fragmentation (a header and room to join the payload to it).
  rte_mempool& packets() const noexcept { return *packets_; }
  // Buffers without memory of their own, which refer to a part of another: the indirect pool.
  rte_mempool& references() const noexcept { return *references_; }

 private:
  struct Free {
    void operator()(rte_mempool* pool) const noexcept;
  };
  std::unique_ptr<rte_mempool, Free> packets_, references_;
};

}  // namespace steelyard::dpdk
