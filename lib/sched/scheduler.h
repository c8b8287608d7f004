// Scheduling algorithms: pure functions from servers to a schedule. The control core calls them; workers only
// ever see the result. A new algorithm: its own file, one row in the table of scheduler.cpp, a test, a
// paragraph in docs/schedulers.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sched/schedule.h"

namespace steelyard {

// A window never holds more picks; a sequence with a longer period is continued by the control core in time.
inline constexpr std::size_t kMaxWindow = 65536;

// What may be chosen with a scheduler; 0: not chosen.
struct SchedulerOptions {
  uint32_t fallback = 0;      // sh, mh: who would get an unusable server gets another one
  uint32_t port = 0;          // sh, mh: the client's port counts too
  uint32_t bounded_load = 0;  // conhash: percent of the mean that no server is to exceed
  friend bool operator==(const SchedulerOptions&, const SchedulerOptions&) = default;
};

// What a schedule is made of.
struct Situation {
  std::span<const Candidate> servers;  // in scheduling order
  SequenceState state = {};            // where the sequence stands
  SchedulerOptions options = {};
  uint32_t window = 64;  // how many picks a schedule that follows loads simulates
  // A new connection counts as an active one (TCP: SYN_RECV is active) or as an inactive one (UDP).
  bool opens_active = true;
  uint64_t random = 0;  // another value for each window
  // The schedule that is replaced, if only loads have changed since; else null.
  const Schedule* previous = nullptr;
};

struct Scheduler {
  struct Option {
    std::string_view name;
    uint32_t SchedulerOptions::*value;
    uint32_t by_default = 1;  // if only the name is given
    uint32_t least = 1, most = 1;
  };
  std::string_view name;
  // Fills a blank schedule.
  void (*fill)(const Situation& situation, Schedule& out);
  std::span<const Option> options = {};
};

std::span<const Scheduler> schedulers() noexcept;
const Scheduler* find_scheduler(std::string_view name) noexcept;  // null: unknown

// `text` is the name of one of the scheduler's options, or name=number. False: it is not.
bool set_option(const Scheduler& scheduler, std::string_view text, SchedulerOptions& options) noexcept;
// What set_option() takes, for messages.
std::vector<std::string> option_names(const Scheduler& scheduler);
// The texts that give these options.
std::vector<std::string> to_strings(const Scheduler& scheduler, const SchedulerOptions& options);

void fill_conhash(const Situation& situation, Schedule& out);
void fill_dh(const Situation& situation, Schedule& out);
void fill_fo(const Situation& situation, Schedule& out);
void fill_lc(const Situation& situation, Schedule& out);
void fill_lrt(const Situation& situation, Schedule& out);
void fill_mh(const Situation& situation, Schedule& out);
void fill_nq(const Situation& situation, Schedule& out);
void fill_ovf(const Situation& situation, Schedule& out);
void fill_rr(const Situation& situation, Schedule& out);
void fill_sed(const Situation& situation, Schedule& out);
void fill_sh(const Situation& situation, Schedule& out);
void fill_twos(const Situation& situation, Schedule& out);
void fill_wlc(const Situation& situation, Schedule& out);
void fill_wrr(const Situation& situation, Schedule& out);

}  // namespace steelyard
