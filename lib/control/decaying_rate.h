// Rates as Linux IPVS estimates them: every two seconds a rate moves a quarter of the way to what it was in
// these two seconds. So half of a change shows after 5 s, nine tenths after 16 s.
#pragma once

#include <chrono>
#include <cstdint>

namespace steelyard::control {

inline constexpr std::chrono::milliseconds kRateInterval{2000};

class DecayingRate {
 public:
  // What has been counted by now, and how long after the last call. A count that is made of several counters,
  // which are not read at one moment, may come out lower than before: then nothing has been counted.
  void update(uint64_t count, std::chrono::milliseconds passed) noexcept {
    if (passed.count() <= 0) return;
    const uint64_t more = count > last_ ? count - last_ : 0;
    rate_ += (static_cast<double>(more) * 1000 / static_cast<double>(passed.count()) - rate_) / 4;
    last_ += more;
  }
  void restart(uint64_t count) noexcept { rate_ = 0, last_ = count; }
  double per_second() const noexcept { return rate_; }

 private:
  double rate_ = 0;
  uint64_t last_ = 0;
};

}  // namespace steelyard::control
