// A schedule is what a scheduling algorithm leaves for the workers: a window of its sequence of picks.
// Workers take the next pick with one fetch-add; the control core replaces the window whenever weights,
// health or loads change.
//
// Memory orders and invariants of ScheduleSlot:
// - The cursor is one 64-bit word {version, position}. A position is taken by fetch-add (acq_rel); the pick
// is valid
//   if the word's version is that of the schedule at hand.
// - publish() stores the new schedule (release) before anything can carry its version into the cursor. A
// worker that
//   finds a newer version in the cursor reloads the schedule (acquire) and is certain to see at least that
//   one.
// - Whoever meets a cursor older than the schedule moves it on by CAS, the worker as well as the control
// core; so a
//   stopped control core never makes a worker wait. `base` is the old position the new window was computed
//   for: picks that slipped in meanwhile count as its first ones.
// - An old schedule is freed after a grace period; a worker holds one only within a turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/types.h"

namespace steelyard {

// A server as the algorithms see it. `server` is its slot; weight 0 means quiesced or unusable: never picked.
struct Candidate {
  uint32_t server = 0;
  uint32_t weight = 1;
  uint32_t active = 0, inactive = 0;  // connections
};

// Where a sequence stands after a pick, so that a recomputed window goes on from there.
struct SequenceState {
  static constexpr uint32_t kNone = ~uint32_t{0};
  uint32_t last = kNone;  // server slot picked last
  uint32_t level = 1;     // wrr: the current weight. IPVS starts at 1 when servers are added one by one.
  bool mid_pass = false;  // wrr: go on behind `last`; the caller clears it when the servers have changed
  friend bool operator==(const SequenceState&, const SequenceState&) = default;
};

struct Schedule {
  uint32_t version = 0;              // set by publish(); never 0 for a published schedule
  uint32_t base = 0;                 // position in the previous version at which this window starts
  bool periodic = true;              // running past the end repeats the sequence exactly
  std::vector<uint32_t> picks;       // server slots; empty: no usable server
  std::vector<SequenceState> after;  // control core only: the state after each pick

  std::optional<uint32_t> at(uint32_t position) const noexcept {
    if (picks.empty()) return std::nullopt;
    return picks[position % picks.size()];
  }
};

class alignas(kCacheLine) ScheduleSlot {
 public:
  // Worker, wait-free but for a schedule being replaced at the same moment (then lock-free): the next
  // server's slot, nothing if no server is usable. Before the first publish(): nothing.
  std::optional<uint32_t> pick() noexcept;

  // Control core. Returns the replaced schedule, to be freed after a grace period (null the first time).
  std::unique_ptr<const Schedule> publish(std::unique_ptr<Schedule> next) noexcept;

  // Control core: where the sequence stands; picks since the current version was published.
  uint32_t position() const noexcept;
  const Schedule* current() const noexcept { return current_.load(std::memory_order_acquire); }
  SequenceState state(SequenceState initial = {}) const noexcept;

  ScheduleSlot() = default;
  ~ScheduleSlot() { delete current(); }

 private:
  static constexpr uint64_t word(uint32_t version, uint32_t position) noexcept {
    return uint64_t{version} << 32 | position;
  }
  void advance(uint64_t seen, const Schedule& s) noexcept;

  std::atomic<const Schedule*> current_{nullptr};
  alignas(kCacheLine) std::atomic<uint64_t> cursor_{0};
};

}  // namespace steelyard
