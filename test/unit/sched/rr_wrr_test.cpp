#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "sched/scheduler.h"

using namespace steelyard;

namespace {

std::vector<uint32_t> picks(ScheduleSlot& slot, int n) {
  std::vector<uint32_t> out;
  for (int i = 0; i < n; ++i) out.push_back(slot.pick().value_or(0));
  return out;
}

void publish(ScheduleSlot& slot, const char* name, const std::vector<Candidate>& servers,
             bool changed = true) {
  auto next = std::make_unique<Schedule>();
  SequenceState state = slot.state();
  if (changed) state.mid_pass = false;
  next->base = slot.position();
  find_scheduler(name)->fill({.servers = servers, .state = state}, *next);
  slot.publish(std::move(next));
}

}  // namespace

TEST_CASE("rr goes on behind the server picked last when servers change", "[sched]") {
  // test/golden/sched_rr_update.json
  ScheduleSlot slot;
  publish(slot, "rr", {{13}, {12}, {11}});
  CHECK(picks(slot, 4) == std::vector<uint32_t>{13, 12, 11, 13});
  publish(slot, "rr", {{14}, {13}, {12}, {11}});
  CHECK(picks(slot, 6) == std::vector<uint32_t>{12, 11, 14, 13, 12, 11});
  publish(slot, "rr", {{14}, {13}, {12, 0}, {11}});
  CHECK(picks(slot, 6) == std::vector<uint32_t>{14, 13, 11, 14, 13, 11});
  publish(slot, "rr", {{14}, {12, 0}, {11}});
  CHECK(picks(slot, 5) == std::vector<uint32_t>{14, 11, 14, 11, 14});
}

TEST_CASE("wrr equals the recorded sequence of IPVS", "[sched]") {
  ScheduleSlot slot;
  publish(slot, "wrr", {{13, 2}, {12, 3}, {11, 4}});
  CHECK(picks(slot, 18) ==
        std::vector<uint32_t>{13, 12, 11, 11, 12, 11, 13, 12, 11, 13, 12, 11, 11, 12, 11, 13, 12, 11});
}

TEST_CASE("a window computed anew for the same servers does not disturb the sequence", "[sched]") {
  for (const char* name : {"rr", "wrr"}) {
    ScheduleSlot steady, renewed;
    const std::vector<Candidate> servers{{1, 5}, {2, 3}, {3, 1}};
    publish(steady, name, servers);
    publish(renewed, name, servers);
    for (int i = 0; i < 50; ++i) {
      CAPTURE(name, i);
      CHECK(picks(steady, 1) == picks(renewed, 1));
      publish(renewed, name, servers, false);
    }
  }
}

TEST_CASE("wrr serves by weight, also with a common divisor and a long period", "[sched]") {
  ScheduleSlot slot;
  publish(slot, "wrr", {{1, 600}, {2, 400}, {3, 0}});
  std::vector<int> count(4);
  for (const uint32_t s : picks(slot, 1000)) ++count[s];
  CHECK(count == std::vector<int>{0, 600, 400, 0});
}

TEST_CASE("no usable server gives no pick", "[sched]") {
  ScheduleSlot slot;
  CHECK_FALSE(slot.pick());
  publish(slot, "rr", {});
  CHECK_FALSE(slot.pick());
  publish(slot, "wrr", {{1, 0}});
  CHECK_FALSE(slot.pick());
  publish(slot, "wrr", {{1, 1}});
  CHECK(slot.pick() == 1u);
}
