// The benchmark's devices: what the EAL was started with, set up with one queue each, and the packet io on
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datapath/memory_nic.h"
#include "dpdk/queue_io.h"

namespace steelyard::bench {

// Buffers and ports of --device: the first is outside, the second inside; one alone is both. Main thread. The
// EAL must know the devices, but those of net_ring: these are made here, of two rings each, because a
// net_ring device brings back what it sends.
class Devices {
 public:
  // Throws StartError.
  explicit Devices(const std::vector<std::string>& devices);
  ~Devices();
  Devices(const Devices&) = delete;
  Devices& operator=(const Devices&) = delete;

  // What the EAL is to be told of them, and the memory that they take.
  static std::vector<std::string> for_eal(const std::vector<std::string>& devices);
  static std::size_t buffer_bytes(const std::vector<std::string>& devices);

  struct Port {
    uint16_t ethdev = 0;
    rte_ring *to_device = nullptr, *from_device = nullptr;  // of net_ring: the wire's two ends
  };
  const std::vector<Port>& ports() const noexcept { return ports_; }
  dpdk::QueueIo::Wires wires() const;

 private:
  struct Buffers {  // of a pool
    std::size_t number = 0, room = 0;
  };
  static Buffers buffers(const std::vector<std::string>& devices);
  void add_ring(unsigned number);
  void start(Port& port);

  rte_mempool *pool_ = nullptr, *references_ = nullptr;
  dpdk::RingPair rings_;
  std::vector<Port> ports_;
  std::vector<rte_ring*> wires_;
};

// The director's own packet io on the devices. For net_ring it is the wire, too: it puts a burst of fresh
// frames on it before each receive and takes off what was sent, in the same thread, at every contestant's
// cost.
class DeviceIo {
 public:
  // `source`: the frames for net_ring; in by the device of their port.
  DeviceIo(const Devices& devices, MemoryNic& source);

  void observe(MemoryNic::Observer observer) { observer_ = std::move(observer); }
  uint64_t sent() const noexcept { return sent_; }
  uint64_t other() const noexcept { return other_; }  // dropped, held, handed to the kernel

  // --- PacketIo
  uint16_t receive(rte_mbuf** packets, uint16_t n) noexcept {
    if (fed_) feed(n);
    return io_.receive(packets, n);
  }
  uint16_t send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept {
    if (observer_) [[unlikely]]
      observer_(port, {packets, n});
    const uint16_t taken = io_.send(port, packets, n);
    sent_ += taken;
    if (fed_) drain(port);
    return taken;
  }
  void free(rte_mbuf** packets, uint16_t n) noexcept {
    other_ += n;
    io_.free(packets, n);
  }
  bool to_kernel(rte_mbuf* packet) noexcept { return free(&packet, 1), true; }
  bool hold(rte_mbuf* packet, Ipv4) noexcept { return free(&packet, 1), true; }
  rte_mempool* direct_pool() noexcept { return io_.direct_pool(); }
  rte_mempool* indirect_pool() noexcept { return io_.indirect_pool(); }

 private:
  void feed(uint16_t n) noexcept;
  void drain(uint8_t port) noexcept;

  dpdk::QueueIo io_;
  std::vector<Devices::Port> ports_;
  MemoryNic& source_;
  bool fed_;
  uint64_t sent_ = 0, other_ = 0;
  MemoryNic::Observer observer_;
};
static_assert(PacketIo<DeviceIo>);

}  // namespace steelyard::bench
