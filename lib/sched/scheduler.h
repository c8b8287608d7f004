// Scheduling algorithms: pure functions from servers to a window of picks. The control core calls them;
// workers only ever see the result. A new algorithm: its own file, one row in the table of scheduler.cpp, a
// test, a paragraph in docs/schedulers.md.
#pragma once

#include <span>
#include <string_view>

#include "sched/schedule.h"

namespace steelyard {

// A window never holds more picks; a sequence with a longer period is continued by the control core in time.
inline constexpr std::size_t kMaxWindow = 65536;

struct Scheduler {
  std::string_view name;
  // Fills picks, after and periodic: the sequence that goes on from `state`. Servers stand in scheduling
  // order.
  void (*fill)(std::span<const Candidate> servers, SequenceState state, Schedule& out);
};

std::span<const Scheduler> schedulers() noexcept;
const Scheduler* find_scheduler(std::string_view name) noexcept;  // null: unknown

void fill_rr(std::span<const Candidate> servers, SequenceState state, Schedule& out);
void fill_wrr(std::span<const Candidate> servers, SequenceState state, Schedule& out);

}  // namespace steelyard
