#include "datapath/memory_nic.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "base/start_error.h"

namespace steelyard::bench {
namespace {

constexpr unsigned kBuffers = 8191, kCache = 256;
constexpr unsigned kBuffersForLong = 2047;  // of 64 kB they would else be half a gigabyte
constexpr std::size_t kAnswerRoom = 64;     // behind a frame: PacketIo::receive

std::size_t room(std::size_t longest) noexcept {
  return std::max<std::size_t>(RTE_MBUF_DEFAULT_BUF_SIZE,
                               RTE_ALIGN(RTE_PKTMBUF_HEADROOM + longest + kAnswerRoom, 64));
}
unsigned buffers(std::size_t longest) noexcept {
  return room(longest) == RTE_MBUF_DEFAULT_BUF_SIZE ? kBuffers : kBuffersForLong;
}

}  // namespace

void BufferPool::Free::operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }

std::size_t BufferPool::bytes(std::size_t longest) noexcept {
  return buffers(longest) * (room(longest) + sizeof(rte_mbuf) + RTE_CACHE_LINE_SIZE);
}

BufferPool::BufferPool(std::size_t longest)
    : pool_(rte_pktmbuf_pool_create("bench", buffers(longest), kCache, 0,
                                    static_cast<uint16_t>(room(longest)),
                                    static_cast<int>(rte_socket_id()))) {
  if (!pool_) throw StartError(fmt::format("no memory for the packet buffers: {}", rte_strerror(rte_errno)));
  blank();
}

void BufferPool::blank() const noexcept {
  rte_mempool_obj_iter(
      pool_.get(),
      [](rte_mempool*, void*, void* object, unsigned) {
        auto& m = *static_cast<rte_mbuf*>(object);
        std::memset(m.buf_addr, 0, m.buf_len);
      },
      nullptr);
}

MemoryNic::MemoryNic(const BufferPool& pool, const std::array<Mac, 2>& own,
                     const std::array<Mac, 2>& peer) noexcept
    : pool_(pool.get()) {
  for (std::size_t port = 0; port < 2; ++port) {
    templates_[port] = {};
    auto& h = *reinterpret_cast<Headers*>(templates_[port].bytes.data());
    h.ethernet = {own[port].bytes, peer[port].bytes, kEtherTypeIpv4};
    h.ip.version_ihl = 0x45;
    h.ip.fragment = kIpDontFragment;
    h.ip.ttl = kTtl;
    h.ip.protocol = static_cast<uint8_t>(Protocol::tcp);
    h.tcp.data_offset = 5 << 4;
    h.tcp.window = 0xffff;
  }
}

}  // namespace steelyard::bench
