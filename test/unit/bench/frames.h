// Frames of the benchmark's memory NIC, for tests.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "datapath/memory_nic.h"
#include "replay/eal.h"

namespace steelyard::bench {

using Frame = std::vector<uint8_t>;

// Blank, for tests of either kind of packets.
inline const BufferPool& buffers() {
  replay::start_private_eal(64);
  static const BufferPool pool;
  pool.blank();
  return pool;
}

// What the NIC delivers for `specs`: frames to `to[port]` from `from[port]`.
inline std::vector<Frame> frames(std::span<const Spec> specs, const std::array<Mac, 2>& to,
                                 const std::array<Mac, 2>& from) {
  MemoryNic nic(buffers(), to, from);
  nic.load(specs, false);
  std::vector<Frame> list;
  std::array<rte_mbuf*, 32> packets{};
  while (const uint16_t n = nic.receive(packets.data(), 32)) {
    for (const rte_mbuf* m : std::span(packets).first(n)) {
      const auto* first = rte_pktmbuf_mtod(m, const uint8_t*);
      list.emplace_back(first, first + m->data_len);
    }
    nic.free(packets.data(), n);
  }
  return list;
}

}  // namespace steelyard::bench
