// A schedule is what a scheduling algorithm leaves for the workers. Of the sequence kind it is a window of
// the algorithm's picks: workers take the next one with one fetch-add. Of the mapping kind it is a table: a
// new connection finds its server by a hash of its addresses. The control core replaces schedules whenever
// weights, health or loads change.
//
// Memory orders and invariants of ScheduleSlot:
// - The cursor is one 64-bit word {version, position}. A position is taken by fetch-add (acq_rel); the pick
//   is valid if the word's version is that of the schedule at hand.
// - publish() stores the new schedule (release) before anything can carry its version into the cursor. A
//   worker that finds a newer version in the cursor reloads the schedule (acquire) and is certain to see at
//   least that one.
// - Whoever meets a cursor older than the schedule moves it on by CAS, the worker as well as the control
//   core; so a stopped control core never makes a worker wait. `base` is the old position the new window was
//   computed for: picks that slipped in meanwhile count as its first ones.
// - Picks of a mapping leave the cursor alone.
// - An old schedule is freed after a grace period; a worker holds one only within a turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/types.h"
#include "sched/mapping.h"

namespace steelyard {

// A server as the algorithms see it. `server` is its slot; weight 0 means quiesced or down: never picked.
struct Candidate {
  uint32_t server = 0;
  uint32_t weight = 1;
  uint32_t active = 0, inactive = 0;  // connections
  uint32_t response_us = 0;           // decaying average from SYN to SYN-ACK; 0: not known
  uint32_t weight_up = 0;             // of a server that is down: its weight were it up
  Endpoint address = {};
  friend bool operator==(const Candidate&, const Candidate&) = default;
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
  static constexpr uint32_t kNobody = ~uint32_t{0};  // a pick that is refused

  uint32_t version = 0;         // set by publish(); never 0 for a published schedule
  uint32_t base = 0;            // position in the previous version at which this window starts
  Mapping mapping;              // key none: a sequence
  std::vector<uint32_t> picks;  // server slots or kNobody; empty: no usable server

  // The control core's own.
  bool periodic = true;              // running past the end repeats the sequence exactly
  bool follows_load = false;         // to be computed anew when connections or response times have changed
  std::vector<SequenceState> after;  // the state after each pick
  std::vector<uint32_t> owners;      // conhash: whose bucket it is while nobody is full

  bool is_mapping() const noexcept { return mapping.key != MappingKey::none; }
  std::optional<uint32_t> at(uint32_t position) const noexcept {
    if (picks.empty()) return std::nullopt;
    const uint32_t server = picks[position % picks.size()];
    return server == kNobody ? std::nullopt : std::optional(server);
  }
};

class alignas(kCacheLine) ScheduleSlot {
 public:
  // Worker, wait-free but for a schedule being replaced at the same moment (then lock-free): the slot of the
  // server for a new connection, nothing if it is refused. Before the first publish(): nothing.
  std::optional<uint32_t> pick(const Arrival& arrival = {}) noexcept;

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
