// The study's load: in each of n iterations the users ramp from 1 to m, and step u opens u connections
// together.
#pragma once

#include <cstdint>
#include <optional>

namespace steelyard::load {

struct Step {
  uint32_t iteration;  // 1..n
  uint32_t users;      // 1..m: connections opened together
};

class Ramp {
 public:
  constexpr Ramp(uint32_t users, uint32_t iterations) noexcept : users_(users), iterations_(iterations) {}

  // Connections in all: n * m(m+1)/2.
  constexpr uint64_t total() const noexcept {
    return uint64_t{iterations_} * (uint64_t{users_} * (uint64_t{users_} + 1) / 2);
  }

  // The next step, or nothing when the ramp is through.
  constexpr std::optional<Step> next() noexcept {
    if (users_ == 0 || iteration_ > iterations_) return std::nullopt;
    const Step step{iteration_, user_};
    if (++user_ > users_) {
      user_ = 1;
      ++iteration_;
    }
    return step;
  }

 private:
  uint32_t users_;
  uint32_t iterations_;
  uint32_t iteration_ = 1;
  uint32_t user_ = 1;
};

}  // namespace steelyard::load
