#include "dpdk/control_io.h"

#include <cstring>

#include <fmt/format.h>
#include <rte_errno.h>

#include "base/start_error.h"

namespace steelyard::dpdk {
namespace {

rte_ring* make_ring(const char* direction, unsigned worker) {
  rte_ring* ring = rte_ring_create(fmt::format("steelyard_{}_{}", direction, worker).c_str(), kRingSize,
                                   SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) throw StartError(fmt::format("no memory for a ring: {}", rte_strerror(rte_errno)));
  return ring;
}

void empty_and_free(rte_ring* ring) {
  void* frame = nullptr;
  while (rte_ring_dequeue(ring, &frame) == 0) rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
  rte_ring_free(ring);
}

}  // namespace

ControlIo::ControlIo(unsigned workers, const Pools& pools) : pool_(pools.packets()) {
  for (unsigned w = 0; w < workers; ++w) rings_.push_back({make_ring("up", w), make_ring("down", w)});
}

ControlIo::~ControlIo() {
  for (const RingPair& pair : rings_) {
    empty_and_free(pair.up);
    empty_and_free(pair.down);
  }
}

bool ControlIo::send(uint8_t port, std::span<const uint8_t> frame) noexcept {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(&pool_);
  if (mbuf != nullptr && frame.size() <= rte_pktmbuf_tailroom(mbuf)) {
    std::memcpy(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size())), frame.data(), frame.size());
    mbuf->port = port;
    if (rte_ring_sp_enqueue(rings_[port % rings_.size()].down, mbuf) == 0) return true;
  }
  rte_pktmbuf_free(mbuf);
  refused_.add();
  return false;
}

}  // namespace steelyard::dpdk
