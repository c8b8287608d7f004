#include "sched/scheduler.h"

#include <algorithm>
#include <array>

namespace steelyard {
namespace {
constexpr std::array kSchedulers{
    Scheduler{"rr", fill_rr},
    Scheduler{"wrr", fill_wrr},
};
}  // namespace

std::span<const Scheduler> schedulers() noexcept { return kSchedulers; }

const Scheduler* find_scheduler(std::string_view name) noexcept {
  const auto* at = std::ranges::find(kSchedulers, name, &Scheduler::name);
  return at == kSchedulers.end() ? nullptr : at;
}

}  // namespace steelyard
