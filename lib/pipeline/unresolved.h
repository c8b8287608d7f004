// Addresses that a worker could not send to because their next hop's MAC is not known: the worker tells the
// control core, which asks the kernel to resolve them. One producer, the worker, and one consumer, the
// control core; what does not fit is dropped, since the next packet asks again.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/types.h"

namespace steelyard {

class UnresolvedRing {
 public:
  static constexpr uint32_t kSlots = 64;

  // Worker. False: full.
  bool push(Ipv4 address) noexcept {
    const uint32_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kSlots) return false;
    slots_[head % kSlots] = address;
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Control core. Nothing: empty.
  std::optional<Ipv4> pop() noexcept {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    const Ipv4 address = slots_[tail % kSlots];
    tail_.store(tail + 1, std::memory_order_release);
    return address;
  }

 private:
  alignas(kCacheLine) std::atomic<uint32_t> head_{0};
  alignas(kCacheLine) std::atomic<uint32_t> tail_{0};
  std::array<Ipv4, kSlots> slots_{};
};

}  // namespace steelyard
