#include "dpdk/pools.h"

#include <algorithm>

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "base/start_error.h"

namespace steelyard::dpdk {
namespace {

constexpr unsigned kCache = 256;                // of one lcore; a pool holds up to 1.5 of it back per lcore
constexpr unsigned kReferences = 8191;          // fragments wait only in transmit queues
constexpr unsigned kOverhead = 14 + 2 * 4 + 4;  // Ethernet header, two VLAN tags, frame check sequence

// `packed`: the buffers lie side by side. By default none crosses a page, which leaves gaps (with --no-huge
// one buffer to a page of 4 KB), but DPDK 22.11's XDP driver announces to the kernel an area of n buffers
// without gaps: those beyond its end would be refused by the kernel and lost one by one, until nothing is
// received any more.
rte_mempool* make(const char* name, unsigned n, unsigned room, bool packed) {
  const auto size = static_cast<unsigned>(sizeof(rte_mbuf)) + room;
  rte_mempool* pool =
      rte_mempool_create_empty(name, n, size, kCache, sizeof(rte_pktmbuf_pool_private),
                               static_cast<int>(rte_socket_id()), packed ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0);
  if (pool != nullptr) {
    rte_pktmbuf_pool_private parameters{};
    parameters.mbuf_data_room_size = static_cast<uint16_t>(room);
    rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
    rte_pktmbuf_pool_init(pool, &parameters);
    if (rte_mempool_populate_default(pool) >= 0) {
      rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
      return pool;
    }
    rte_mempool_free(pool);
  }
  throw StartError(fmt::format(
      "no memory for {} packet buffers of {} bytes ({}): give the EAL more, by more huge pages or, "
      "with --no-huge, by a larger `-m` (in MB)",
      n, room, rte_strerror(rte_errno)));
}

// The last buffer ends where n buffers without gaps end.
bool is_packed(rte_mempool& pool) {
  struct Extent {
    uintptr_t end = 0;
  } extent;
  rte_mempool_obj_iter(
      &pool,
      [](rte_mempool* p, void* e, void* object, unsigned) {
        auto& end = static_cast<Extent*>(e)->end;
        end = std::max(end, reinterpret_cast<uintptr_t>(object) + p->elt_size + p->trailer_size);
      },
      &extent);
  const auto begin = reinterpret_cast<uintptr_t>(STAILQ_FIRST(&pool.mem_list)->addr);
  const size_t one = rte_mempool_calc_obj_size(pool.elt_size, pool.flags, nullptr);
  return pool.nb_mem_chunks == 1 && extent.end <= begin + pool.populated_size * one;
}

unsigned count(const Pools::Options& o) {
  return o.queues * kBuffersPerQueue + o.workers * 2 * kRingSize + (o.workers + 1) * 2 * kCache;
}

unsigned room(const Pools::Options& o) { return RTE_PKTMBUF_HEADROOM + std::max(2048U, o.mtu + kOverhead); }

}  // namespace

uint64_t Pools::bytes(const Options& o, uint64_t page) {
  const auto all = [page](uint64_t n, unsigned room, bool packed) -> uint64_t {
    const uint64_t one =
        rte_mempool_calc_obj_size(static_cast<uint32_t>(sizeof(rte_mbuf)) + room, 0, nullptr);
    if (packed || one > page) return n * one;
    const uint64_t in_page = page / one;
    return (n + in_page - 1) / in_page * page;
  };
  return all(count(o), room(o), o.one_area) + all(kReferences, 0, false);
}

Pools::Pools(const Options& o) {
  if (o.one_area && o.dma && rte_eal_iova_mode() == RTE_IOVA_PA)
    throw StartError(
        "XDP sockets need packet buffers that may cross pages, which a physical port can only use by virtual "
        "addresses: switch the IOMMU on (intel_iommu=on or amd_iommu=on) and add \"--iova-mode=va\" to "
        "`eal:`");
  packets_.reset(make("steelyard_packets", count(o), room(o), o.one_area));
  references_.reset(make("steelyard_references", kReferences, 0, false));
  if (o.one_area && !is_packed(*packets_))
    throw StartError("the packet buffers do not lie side by side, which XDP sockets need");
}

void Pools::Free::operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }

}  // namespace steelyard::dpdk
