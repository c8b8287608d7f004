#include "control/worker_loads.h"

#include <algorithm>

namespace steelyard::control {
namespace {

double quotient(double a, double b) noexcept { return b > 0 ? a / b : 0; }

uint64_t turns_with_packets(const WorkerCounters& c) noexcept {
  const uint64_t idle = c.idle_turns.get(), all = c.turns.get();
  return all > idle ? all - idle : 0;
}

}  // namespace

WorkerLoads::WorkerLoads(const std::vector<std::unique_ptr<WorkerCounters>>& workers, std::size_t count,
                         uint64_t cycles_per_second)
    : workers_(workers),
      ns_per_cycle_(quotient(1e9, static_cast<double>(cycles_per_second))),
      loads_(count) {}

void WorkerLoads::tick(std::chrono::milliseconds now) noexcept {
  if (!updated_) updated_ = now;
  const std::chrono::milliseconds passed = now - *updated_;
  if (passed < kRateInterval) return;
  updated_ = now;
  for (std::size_t w = 0; w < loads_.size(); ++w) {
    const WorkerCounters& c = *workers_[w];
    loads_[w].busy_us.update(c.busy_us.get(), passed);
    loads_[w].packets.update(c.received.get(), passed);
    loads_[w].turns.update(turns_with_packets(c), passed);
  }
}

WorkerView WorkerLoads::view(std::size_t worker) const {
  const WorkerCounters& c = *workers_[worker];
  const Load& load = loads_[worker];
  WorkerView v;
  v.busy = std::min(1.0, load.busy_us.per_second() / 1e6);
  v.packets_per_second = load.packets.per_second();
  v.batch = quotient(v.packets_per_second, load.turns.per_second());
  v.turns = c.turns.get();
  v.idle_turns = c.idle_turns.get();
  v.packets = c.received.get();
  v.sleeps = c.sleeps.get();
  v.timed_turns = c.stages.turns.get();
  v.timed_packets = c.stages.packets.get();
  for (std::size_t i = 0; i < kBatchClasses; ++i) v.batches[i] = c.stages.batches[i].get();
  for (std::size_t s = 0; s < kStages; ++s)
    v.stage_ns[s] = quotient(static_cast<double>(c.stages.cycles[s].get()) * ns_per_cycle_,
                             static_cast<double>(v.timed_packets));
  return v;
}

}  // namespace steelyard::control
