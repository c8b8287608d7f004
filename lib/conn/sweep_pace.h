// How fast the control core sweeps the connection table.
//
// A connection is removed at most 5 s after its timeout: a pass takes 4 s, ticks round by half a second at
// most, and half a second is left for a loop turn that comes late.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace steelyard {

inline constexpr std::chrono::milliseconds kSweepPass{4000};

class SweepPace {
 public:
  // The slots to sweep now that `passed` has gone by since the last call, of `slots` in all.
  uint64_t due(uint64_t slots, std::chrono::milliseconds passed) noexcept {
    const auto pass = static_cast<uint64_t>(kSweepPass.count());
    debt_ += slots * std::min(static_cast<uint64_t>(passed.count()), pass);
    const uint64_t whole = debt_ / pass;
    debt_ %= pass;
    return whole;
  }

 private:
  uint64_t debt_ = 0;  // slots times milliseconds
};

}  // namespace steelyard
