// The result of a load, for people and for programs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "load/tally.h"

namespace steelyard::load {

struct Summary {
  uint64_t requested = 0;  // connections asked for, also when the load was interrupted
  std::chrono::nanoseconds elapsed{};
  uint64_t held = 0;  // at once, when all were open
};

// {"requested", "served", "lost", "outcomes": {name: n}, "unclosed", "answers", "held", "seconds", "rate"
// (served
//  connections per second),
//  "latency_us": {"p50", "p90", "p99", "max"}, "bodies": {label: n}}
// lost = requested - served; the outcomes add up to the connections that were opened.
std::string to_json(const Summary& summary, const Tally& tally);

std::string to_text(const Summary& summary, const Tally& tally);

// One line without a newline, for a terminal.
std::string progress_line(uint64_t requested, std::chrono::nanoseconds elapsed, const Tally& tally);

}  // namespace steelyard::load
