// What the director tells of its workers' counters, but for those of servers.
#include "control/director.h"

namespace steelyard::control {

std::vector<WorkerView> Director::workers() const {
  std::vector<WorkerView> views;
  for (unsigned w = 0; w < options_.workers; ++w) {
    views.push_back(loads_.view(w));
    if (w < config_.director.worker_cores.size()) views.back().core = config_.director.worker_cores[w];
  }
  return views;
}

void Director::zero() noexcept {
  for (ServerSlot s = 0; s < servers_.size(); ++s) tallies_.zero(s);
}

void Director::count_unsent(std::size_t packets) noexcept {
  WorkerCounters& own = *counters_.back();
  own.forwarded.add(~static_cast<uint64_t>(packets) + 1);
  own.drops[static_cast<std::size_t>(DropReason::no_next_hop)].add(packets);
}

std::array<uint64_t, kDropReasons> Director::drops() const {
  std::array<uint64_t, kDropReasons> sums{};
  for (const auto& worker : counters_)
    for (std::size_t i = 0; i < kDropReasons; ++i) sums[i] += worker->drops[i].get();
  return sums;
}

Director::Packets Director::packets() const {
  Packets sums;
  for (const auto& worker : counters_) {
    sums.received += worker->received.get();
    sums.forwarded += worker->forwarded.get();
    sums.kernel += worker->kernel.get();
    sums.originated += worker->originated.get();
  }
  return sums;
}

}  // namespace steelyard::control
