// Counters of one worker. Written by that worker alone (relaxed stores), read by the control core, which adds
// up those of all workers and its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/types.h"
#include "net/verdict.h"
#include "service/snapshot.h"

namespace steelyard {

// A counter with one writer: no locked instruction.
class Counter {
 public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Of one real server, as one worker has seen it. Sums over workers are what IPVS calls Conns, InPkts,
// OutPkts, InBytes, OutBytes (IP total length), ActiveConn and InActConn. A single worker's active and
// inactive may be "negative" (two's complement): a connection may end on another worker or on the control
// core.
struct alignas(kCacheLine) ServerCounters {
  Counter connections, active, inactive, packets_in, packets_out, bytes_in, bytes_out;
  Counter responses;  // of ResponseSamples
};
static_assert(sizeof(ServerCounters) == kCacheLine);

// How many SYNs a server has answered and how long that took in all, in one word. Words can be added, and
// subtracted as long as the difference stands for fewer than 2^24 answers and 2^40 us.
struct ResponseSamples {
  uint64_t count = 0, sum_us = 0;

  static constexpr uint64_t word(uint32_t us) noexcept { return kOne + us; }
  static constexpr ResponseSamples of(uint64_t word) noexcept { return {word / kOne, word % kOne}; }

 private:
  static constexpr uint64_t kOne = uint64_t{1} << 40;
};

struct WorkerCounters {
  explicit WorkerCounters(std::size_t server_slots) : servers(new ServerCounters[server_slots]) {}

  std::array<Counter, kDropReasons> drops;
  alignas(kCacheLine) Counter received, forwarded, kernel, originated;
  Counter turns, idle_turns;
  std::unique_ptr<ServerCounters[]> servers;  // by ServerSlot
};

}  // namespace steelyard
