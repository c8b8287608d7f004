// How busy the workers are, and with what. Their counters are only read. Control core only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "control/decaying_rate.h"
#include "pipeline/counters.h"

namespace steelyard::control {

struct WorkerView {
  unsigned core = 0;
  // Of late (decaying_rate.h).
  double busy = 0;                // share of the time, 0 to 1
  double batch = 0;               // packets of a turn that had any
  double packets_per_second = 0;  // received
  // Since the start.
  uint64_t turns = 0, idle_turns = 0, packets = 0, sleeps = 0;
  // Of the turns that were timed (pipeline/stage_times.h).
  uint64_t timed_turns = 0, timed_packets = 0;
  std::array<uint64_t, kBatchClasses> batches{};
  std::array<double, kStages> stage_ns{};  // a packet, by Stage
};

class WorkerLoads {
 public:
  // Of the first `count` of `workers`, which outlives this object and has them from the first call on.
  // `cycles_per_second`: of the time-stamp counter; 0: not known, stages take no time.
  WorkerLoads(const std::vector<std::unique_ptr<WorkerCounters>>& workers, std::size_t count,
              uint64_t cycles_per_second);

  // Every millisecond or so.
  void tick(std::chrono::milliseconds now) noexcept;
  // All but the core.
  WorkerView view(std::size_t worker) const;

 private:
  struct Load {
    DecayingRate busy_us, packets, turns;  // turns: that had packets
  };
  const std::vector<std::unique_ptr<WorkerCounters>>& workers_;
  double ns_per_cycle_;
  std::vector<Load> loads_;
  std::optional<std::chrono::milliseconds> updated_;
};

}  // namespace steelyard::control
