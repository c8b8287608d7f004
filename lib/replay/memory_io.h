// Packet io on memory: frames go in, frames come out, on real mbufs of a private pool. For replay, packet
// tests and benchmarks; the worker cannot tell it from a NIC.
//
// Single-threaded. Under AddressSanitizer the memory behind each frame's end is poisoned while the worker
// holds it, so that a read past the end is a report and not an accident.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "pipeline/io.h"

namespace steelyard::replay {

using Bytes = std::vector<uint8_t>;

// The longest frame that fits one mbuf; MemoryIo cuts longer ones (their IP length then exceeds the frame).
inline constexpr std::size_t kLongestFrame = 65535 - 128;

struct Frame {
  uint8_t port = 0;
  Bytes bytes;
  friend bool operator==(const Frame&, const Frame&) = default;
};

class MemoryIo {
 public:
  struct Options {
    unsigned ports = 2;
    uint32_t frames = 128;                // mbufs for input; push() throws when all are in use
    uint32_t fragments = 2048;            // mbufs of each of the pools for fragmentation
    std::size_t longest = kLongestFrame;  // bytes of data room for each input mbuf
    bool keep = true;                     // keep what is sent; false: only count (benchmarks)
  };

  // Needs the EAL (start_private_eal). Throws StartError when there is no memory for the pools.
  explicit MemoryIo(const Options& options);
  ~MemoryIo();
  MemoryIo(const MemoryIo&) = delete;
  MemoryIo& operator=(const MemoryIo&) = delete;

  // The next frame that `port` receives. Throws std::length_error when no mbuf is left.
  void push(uint8_t port, std::span<const uint8_t> frame);

  // What left since the last call, in order; the kernel's frames carry the port they came in by.
  std::vector<Frame> take_sent() { return std::exchange(sent_, {}); }
  std::vector<Frame> take_kernel() { return std::exchange(kernel_, {}); }

  struct Held {
    Ipv4 destination;
    Frame frame;
  };
  void accept_holds() noexcept { hold_ = true; }
  std::vector<Held> take_held() { return std::exchange(held_, {}); }

  // The next n sends and hand-overs to the kernel are refused, as by a full queue.
  void refuse_sends(uint32_t n) noexcept { refuse_sends_ = n; }
  void refuse_kernel(uint32_t n) noexcept { refuse_kernel_ = n; }

  // Mbufs that are not back in their pool, of all pools; 0 once nothing is waiting: else there is a leak.
  std::size_t in_flight() const noexcept;
  std::size_t waiting() const noexcept { return input_.size(); }

  // --- PacketIo
  uint16_t receive(rte_mbuf** packets, uint16_t n) noexcept;
  uint16_t send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept;
  bool to_kernel(rte_mbuf* packet) noexcept;
  // Nothing resolves neighbours here: held only if accept_holds(), and then listed by take_held().
  bool hold(rte_mbuf* packet, Ipv4 destination) noexcept;
  void free(rte_mbuf** packets, uint16_t n) noexcept;
  rte_mempool* direct_pool() noexcept { return direct_.get(); }
  rte_mempool* indirect_pool() noexcept { return indirect_.get(); }

 private:
  struct FreePool {
    void operator()(rte_mempool* pool) const noexcept;
  };
  using Pool = std::unique_ptr<rte_mempool, FreePool>;
  Pool make_pool(const char* what, uint32_t size, std::size_t room) const;

  Options options_;
  Pool frames_, direct_, indirect_;
  std::deque<rte_mbuf*> input_;
  std::vector<Frame> sent_, kernel_;
  std::vector<Held> held_;
  uint32_t refuse_sends_ = 0, refuse_kernel_ = 0;
  bool hold_ = false;
};
static_assert(PacketIo<MemoryIo>);

}  // namespace steelyard::replay
