// The turns of the contestants that show what packets cost without a director. For any NIC.
#pragma once

#include <utility>

#include <rte_mbuf.h>

#include "net/batch.h"
#include "net/headers.h"
#include "pipeline/io.h"

namespace steelyard::bench {

template <PacketIo Nic>
uint16_t source_turn(Nic& nic) noexcept {
  rte_mbuf* batch[kBatchSize];
  const uint16_t n = nic.receive(batch, kBatchSize);
  nic.free(batch, n);
  return n;
}

template <PacketIo Nic>
uint16_t macswap_turn(Nic& nic) noexcept {
  rte_mbuf* batch[kBatchSize];
  const uint16_t n = nic.receive(batch, kBatchSize);
  for (uint16_t i = 0; i < n; ++i) {
    auto& ethernet = *rte_pktmbuf_mtod(batch[i], EthernetHeader*);
    std::swap(ethernet.source, ethernet.destination);
  }
  nic.send(0, batch, n);
  return n;
}

}  // namespace steelyard::bench
