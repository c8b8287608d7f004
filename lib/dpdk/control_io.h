// The control core's end of the rings between it and the workers: frames for the kernel interfaces come up,
// the kernel's own frames go down and leave by a worker's queues. Single producer and single consumer each
// way.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "base/types.h"
#include "dpdk/pools.h"
#include "pipeline/counters.h"

namespace steelyard::dpdk {

// In the port of a frame on its way up: it is no frame for the kernel, but waits for its next hop's MAC. Its
// destination stands in hash.usr.
inline constexpr uint16_t kHeld = 0x8000;

// One worker's pair.
struct RingPair {
  rte_ring* up = nullptr;    // worker -> control core
  rte_ring* down = nullptr;  // control core -> worker
};

class ControlIo {
 public:
  // Throws StartError. Lives longer than the QueueIo objects.
  ControlIo(unsigned workers, const Pools& pools);
  ~ControlIo();  // frees what still waits
  ControlIo(const ControlIo&) = delete;
  ControlIo& operator=(const ControlIo&) = delete;

  RingPair rings(unsigned worker) const noexcept { return rings_[worker]; }

  // Hands each waiting frame, at most `limit`, to deliver(port, frame) if it is for the kernel, or to
  // held(destination, frame) if it waits for its next hop's MAC. Returns how many.
  template <class Deliver, class Held>
  unsigned drain(unsigned limit, Deliver&& deliver, Held&& held);

  // A frame to leave by `port`, untouched by the pipeline. False: no buffer, too long, or the ring is full.
  // Frames of one port keep their order.
  bool send(uint8_t port, std::span<const uint8_t> frame) noexcept;
  uint64_t refused() const noexcept { return refused_.get(); }  // by send()

 private:
  std::vector<RingPair> rings_;
  rte_mempool& pool_;
  Counter refused_;
};

template <class Deliver, class Held>
unsigned ControlIo::drain(unsigned limit, Deliver&& deliver, Held&& held) {
  unsigned done = 0;
  for (const RingPair& pair : rings_) {
    std::array<rte_mbuf*, 32> frames;
    unsigned n = 1;
    while (n > 0 && done < limit) {
      const unsigned most =
          limit - done < frames.size() ? limit - done : static_cast<unsigned>(frames.size());
      n = rte_ring_sc_dequeue_burst(pair.up, reinterpret_cast<void**>(frames.data()), most, nullptr);
      for (unsigned i = 0; i < n; ++i) {
        if (rte_pktmbuf_linearize(frames[i]) == 0) {
          const std::span frame(rte_pktmbuf_mtod(frames[i], const uint8_t*), frames[i]->data_len);
          if ((frames[i]->port & kHeld) != 0)
            held(Ipv4{frames[i]->hash.usr}, frame);
          else
            deliver(static_cast<uint8_t>(frames[i]->port), frame);
        }
        rte_pktmbuf_free(frames[i]);
      }
      done += n;
    }
  }
  return done;
}

}  // namespace steelyard::dpdk
