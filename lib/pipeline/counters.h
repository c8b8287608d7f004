// Counters of one worker. Written by that worker alone (relaxed stores), read by the control core, which adds
// up those of all workers and its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/types.h"
#include "net/verdict.h"
#include "pipeline/counter.h"
#include "pipeline/stage_times.h"
#include "service/snapshot.h"

namespace steelyard {

// Of one real server, as one worker has seen it. Sums over workers are what IPVS calls Conns, InPkts,
// OutPkts, InBytes, OutBytes (IP total length), ActiveConn and InActConn. A single worker's active and
// inactive may be "negative" (two's complement): a connection may end on another worker or on the control
// core.
inline constexpr std::size_t kIn = 0, kOut = 1;  // as Direction
struct alignas(kCacheLine) ServerCounters {
  Counter connections, active, inactive;
  std::array<Counter, 2> packets, bytes;  // in and out
  Counter responses;                      // of ResponseSamples
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
  Counter busy_us;  // the worker's loop: from the beginning of turns that had something to do to their end
  std::unique_ptr<ServerCounters[]> servers;  // by ServerSlot
  // What is written now and then.
  alignas(kCacheLine) Counter sleeps;
  StageTimes stages;
};

}  // namespace steelyard
