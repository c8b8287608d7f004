// The wires as one worker sees them: its receive and transmit queues on every port, and its rings to and from
// the control core. Satisfies PacketIo (pipeline/io.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dpdk/control_io.h"
#include "dpdk/ports.h"
#include "pipeline/counters.h"
#include "pipeline/io.h"

namespace steelyard::dpdk {

class alignas(kCacheLine) QueueIo {
 public:
  struct Receive {
    Queue queue;
    uint8_t port = 0;
  };
  struct Transmit {
    Queue queue;
    bool segments = true;  // the driver sends frames of several
  };
  struct Wires {
    std::vector<Receive> receive;
    std::vector<Transmit> transmit;  // by port
    RingPair rings;
    rte_mempool *direct_pool = nullptr, *indirect_pool = nullptr;
  };

  // Made by the control core from configured ports; both outlive it. Throws StartError.
  QueueIo(const Ports& ports, ControlIo& control, unsigned worker);
  // On queues and rings that somebody else has set up, as the benchmark does.
  explicit QueueIo(Wires wires);

  // --- PacketIo: the worker's thread only.
  uint16_t receive(rte_mbuf** packets, uint16_t n) noexcept;
  uint16_t send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept;
  bool to_kernel(rte_mbuf* packet) noexcept { return rte_ring_sp_enqueue(rings_.up, packet) == 0; }
  bool hold(rte_mbuf* packet, Ipv4 destination) noexcept;
  void free(rte_mbuf** packets, uint16_t n) noexcept { rte_pktmbuf_free_bulk(packets, n); }
  rte_mempool* direct_pool() noexcept { return direct_pool_; }
  rte_mempool* indirect_pool() noexcept { return indirect_pool_; }

  // Sends what the control core has for the wires. Returns how many frames it took from the ring.
  uint16_t relay() noexcept;

  // --- Any thread: what this worker counts of a port.
  struct Counters {
    Counter refused;   // packets and frames that the transmit queue did not take
    Counter relayed;   // frames of the control core that were sent
    Counter bad_tags;  // received frames whose VLAN tag could not be put back
  };
  const Counters& counters(std::size_t port) const noexcept { return counters_[port]; }

 private:
  uint16_t adopt(rte_mbuf** packets, uint16_t n, uint8_t port) noexcept;

  std::vector<Receive> receive_;
  std::vector<Transmit> transmit_;  // by port
  std::size_t next_ = 0;            // the queue to begin with
  RingPair rings_;
  rte_mempool* direct_pool_;
  rte_mempool* indirect_pool_;
  std::vector<Counters> counters_;  // by port
};

static_assert(PacketIo<QueueIo>);

}  // namespace steelyard::dpdk
