#include "dpdk/pools.h"

#include <algorithm>

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "base/start_error.h"

namespace steelyard::dpdk {
namespace {

constexpr unsigned kCache = 256;                // of one lcore; a pool holds up to 1.5 of it back per lcore
constexpr unsigned kReferences = 8191;          // fragments wait only in transmit queues
constexpr unsigned kOverhead = 14 + 2 * 4 + 4;  // Ethernet header, two VLAN tags, frame check sequence

rte_mempool* make(const char* name, unsigned n, unsigned room) {
  rte_mempool* pool = rte_pktmbuf_pool_create(name, n, kCache, 0, static_cast<uint16_t>(room),
                                              static_cast<int>(rte_socket_id()));
  if (pool != nullptr) return pool;
  throw StartError(fmt::format(
      "no memory for {} packet buffers of {} bytes ({}): give the EAL more, by more huge pages or, "
      "with --no-huge, by a larger `-m` (in MB)",
      n, room, rte_strerror(rte_errno)));
}

}  // namespace

Pools::Pools(const Options& o) {
  const unsigned n = o.queues * kBuffersPerQueue + o.workers * 2 * kRingSize + (o.workers + 1) * 2 * kCache;
  const unsigned room = RTE_PKTMBUF_HEADROOM + std::max(2048U, o.mtu + kOverhead);
  packets_.reset(make("steelyard_packets", n, room));
  references_.reset(make("steelyard_references", kReferences, 0));
  if (o.one_area && packets_->nb_mem_chunks != 1)
    throw StartError(
        "the packet buffers lie in several areas of memory, which XDP sockets can't use: add "
        "\"--iova-mode=va\" to "
        "`eal:`, or run with --no-huge");
}

void Pools::Free::operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }

}  // namespace steelyard::dpdk
