// The director's coarse time. One authority, the control core, turns CLOCK_BOOTTIME into ticks; everyone else
// is told the time, so a stalled control core can delay an expiry but never cause one.
#pragma once

#include <chrono>
#include <cstdint>

namespace steelyard {

// A tick is 250 ms of the boot clock: coarse, so that a busy connection's line is written at most four times
// a second, and fine enough for every timeout that IPVS knows.
using Ticks = uint32_t;
inline constexpr uint32_t kTicksPerSecond = 4;
inline constexpr std::chrono::milliseconds kTick{250};

// The time as one turn of a worker sees it.
struct Now {
  Ticks ticks = 0;  // of the boot clock
  uint32_t us = 0;  // microseconds of a clock that only differences are taken of; wraps every 71 minutes
};

// Rounds up, so that a timeout never ends early.
constexpr Ticks to_ticks(std::chrono::milliseconds t) noexcept {
  return static_cast<Ticks>((t.count() + kTick.count() - 1) / kTick.count());
}

// Ticks since `then`; right across the wrap of the counter.
constexpr Ticks elapsed(Ticks now, Ticks then) noexcept { return now - then; }

}  // namespace steelyard
