#include "replay/memory_io.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>
#include <rte_config.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "replay/eal.h"

#if defined(__SANITIZE_ADDRESS__)
#define STEELYARD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STEELYARD_ASAN 1
#endif
#endif
#ifdef STEELYARD_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace steelyard::replay {

namespace {

// A worker may use this much of the headroom: VLAN tags and the headers of an answer.
[[maybe_unused]] constexpr uint16_t kUsableHeadroom = 64;

void guard([[maybe_unused]] const rte_mbuf& m) noexcept {
#ifdef STEELYARD_ASAN
  const auto* buffer = static_cast<const char*>(m.buf_addr);
  const uint32_t end = uint32_t{m.data_off} + m.data_len;
  __asan_poison_memory_region(buffer + end, m.buf_len - end);
  if (m.data_off > kUsableHeadroom) __asan_poison_memory_region(buffer, m.data_off - kUsableHeadroom);
#endif
}

void unguard([[maybe_unused]] const rte_mbuf& m) noexcept {
#ifdef STEELYARD_ASAN
  if (RTE_MBUF_DIRECT(&m)) __asan_unpoison_memory_region(m.buf_addr, m.buf_len);
#endif
}

Bytes copy_out(const rte_mbuf* m) {
  Bytes out;
  out.reserve(m->pkt_len);
  for (; m != nullptr; m = m->next) {
    const auto* data = rte_pktmbuf_mtod(m, const uint8_t*);
    out.insert(out.end(), data, data + m->data_len);
  }
  return out;
}

}  // namespace

void MemoryIo::FreePool::operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }

MemoryIo::Pool MemoryIo::make_pool(const char* what, uint32_t size, std::size_t room) const {
  // Pools have process-wide names: this object's address makes them unique.
  const std::string name = fmt::format("{}-{:x}", what, reinterpret_cast<uintptr_t>(this));
  Pool pool(rte_pktmbuf_pool_create(name.c_str(), size, 0, 0, static_cast<uint16_t>(room), 0));
  if (!pool)
    throw StartError(fmt::format("no memory for {} packet buffers: {}", size, rte_strerror(rte_errno)));
  return pool;
}

MemoryIo::MemoryIo(const Options& options)
    : options_(options),
      frames_(make_pool("in", options.frames, options.longest + RTE_PKTMBUF_HEADROOM)),
      direct_(make_pool("dir", options.fragments, 2 * RTE_PKTMBUF_HEADROOM)),
      indirect_(make_pool("ind", options.fragments, 0)) {
  options_.longest = std::min<std::size_t>(options.longest, kLongestFrame);
}

MemoryIo::~MemoryIo() {
  for (rte_mbuf* m : input_) free(&m, 1);
  // The memory goes back to DPDK's heap: nothing of it may stay poisoned.
  rte_mempool_obj_iter(
      frames_.get(),
      [](rte_mempool*, void*, void* object, unsigned) { unguard(*static_cast<const rte_mbuf*>(object)); },
      nullptr);
}

void MemoryIo::push(uint8_t port, std::span<const uint8_t> frame) {
  rte_mbuf* m = rte_pktmbuf_alloc(frames_.get());
  if (m == nullptr) throw std::length_error("MemoryIo: no buffer left for another frame");
  unguard(*m);  // a fragment's last reference may have freed it behind our back
  const std::size_t length = std::min(frame.size(), options_.longest);
  if (length > 0) std::memcpy(rte_pktmbuf_mtod(m, void*), frame.data(), length);
  m->data_len = static_cast<uint16_t>(length);
  m->pkt_len = static_cast<uint32_t>(length);
  m->port = port;
  guard(*m);
  input_.push_back(m);
}

std::size_t MemoryIo::in_flight() const noexcept {
  return rte_mempool_in_use_count(frames_.get()) + rte_mempool_in_use_count(direct_.get()) +
         rte_mempool_in_use_count(indirect_.get());
}

uint16_t MemoryIo::receive(rte_mbuf** packets, uint16_t n) noexcept {
  const auto count = static_cast<uint16_t>(std::min<std::size_t>(n, input_.size()));
  std::copy_n(input_.begin(), count, packets);
  input_.erase(input_.begin(), input_.begin() + count);
  return count;
}

uint16_t MemoryIo::send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept {
  const auto refused = static_cast<uint16_t>(std::min<uint32_t>(n, refuse_sends_));
  refuse_sends_ -= refused;
  const auto taken = static_cast<uint16_t>(n - refused);
  if (options_.keep)
    for (uint16_t i = 0; i < taken; ++i) sent_.push_back({port, copy_out(packets[i])});
  free(packets, n);
  return taken;
}

bool MemoryIo::to_kernel(rte_mbuf* packet) noexcept {
  if (refuse_kernel_ > 0) {
    --refuse_kernel_;
    return false;
  }
  if (options_.keep) kernel_.push_back({static_cast<uint8_t>(packet->port), copy_out(packet)});
  free(&packet, 1);
  return true;
}

bool MemoryIo::hold(rte_mbuf* packet, Ipv4 destination) noexcept {
  if (!hold_) return false;
  held_.push_back({destination, {static_cast<uint8_t>(packet->port), copy_out(packet)}});
  free(&packet, 1);
  return true;
}

void MemoryIo::free(rte_mbuf** packets, uint16_t n) noexcept {
  for (uint16_t i = 0; i < n; ++i) {
    for (const rte_mbuf* m = packets[i]; m != nullptr; m = m->next) unguard(*m);
    rte_pktmbuf_free(packets[i]);
  }
}

}  // namespace steelyard::replay
