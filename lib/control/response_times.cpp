#include "control/response_times.h"

#include <algorithm>
#include <cmath>

#include "pipeline/counters.h"

namespace steelyard::control {
namespace {
constexpr double kKept = 15.0 / 16;  // of the average, by one answer
constexpr uint64_t kForgetMs = 10'000;
}  // namespace

uint32_t ResponseTimes::update(ServerSlot server, uint64_t samples, uint64_t now_ms) noexcept {
  Server& s = servers_[server];
  const ResponseSamples fresh = ResponseSamples::of(samples - s.seen);
  if (fresh.count > 0) {
    const double mean = static_cast<double>(fresh.sum_us) / static_cast<double>(fresh.count);
    const double kept = s.average_us == 0 ? 0 : std::pow(kKept, static_cast<double>(fresh.count));
    s = {samples, now_ms, std::max(1.0, kept * s.average_us + (1 - kept) * mean)};
  } else if (s.average_us > 0 && now_ms - s.changed_ms >= kForgetMs) {
    s.changed_ms = now_ms;
    s.average_us = std::max(1.0, s.average_us / 2);
  }
  return static_cast<uint32_t>(std::min(std::lround(s.average_us), long{1} << 30));
}

void ResponseTimes::forget(ServerSlot server, uint64_t samples, uint64_t now_ms) noexcept {
  servers_[server] = {samples, now_ms, 0};
}

}  // namespace steelyard::control
