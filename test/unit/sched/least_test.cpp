// Schedulers that follow loads: their windows beside a scheduler that picks for each arrival. That they are
// IPVS's is tested in test/unit/golden.
#include <algorithm>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "fill.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

std::vector<Candidate> loaded() {
  std::vector<Candidate> all{server(0, 4), server(1, 3), server(2, 0), server(3, 2), server(4, 1)};
  all[0].active = 20, all[1].active = 3, all[1].inactive = 900, all[3].active = 7, all[4].inactive = 77;
  return all;
}

// One pick at a time, with everything counted in between.
std::vector<uint32_t> one_by_one(const char* name, std::vector<Candidate> servers, Situation situation,
                                 uint32_t n) {
  situation.window = 1;
  std::vector<uint32_t> picks;
  for (uint32_t i = 0; i < n; ++i) {
    const uint32_t pick = fill(name, servers, situation).picks.at(0);
    picks.push_back(pick);
    const auto at = std::ranges::find(servers, pick, &Candidate::server);
    if (at != servers.end()) ++(situation.opens_active ? at->active : at->inactive);
  }
  return picks;
}

std::vector<uint32_t> counts(const Schedule& s, std::size_t slots) {
  std::vector<uint32_t> n(slots);
  for (const uint32_t pick : s.picks) ++n.at(pick);
  return n;
}

}  // namespace

TEST_CASE("a window is what would be picked one by one", "[sched]") {
  const bool tcp = GENERATE(true, false);
  for (const char* name : {"lc", "wlc", "sed", "nq", "lrt", "ovf"}) {
    CAPTURE(name, tcp);
    const Situation situation{.servers = {}, .window = 300, .opens_active = tcp};
    const Schedule s = fill(name, loaded(), situation);
    CHECK(s.follows_load);
    CHECK(s.picks == one_by_one(name, loaded(), situation, 300));
    CHECK(std::ranges::count(s.picks, 2u) == 0);
  }
}

TEST_CASE("connections as UDP counts them even out under lc and wlc too", "[sched]") {
  const Situation udp{.servers = {}, .window = 1000, .opens_active = false};
  CHECK(counts(fill("lc", servers(4), udp), 4) == std::vector<uint32_t>(4, 250));
  CHECK(counts(fill("wlc", {server(0, 3), server(1, 1)}, udp), 2) == std::vector<uint32_t>{750, 250});
}

TEST_CASE("fo takes the greatest weight, ovf the next when that is full", "[sched]") {
  std::vector<Candidate> all{server(0, 1), server(1, 3), server(2, 3), server(3, 2)};
  CHECK(fill("fo", all).picks == std::vector<uint32_t>{1});
  CHECK_FALSE(fill("fo", all).follows_load);
  all[1].active = 2;  // takes two more: IPVS looks for more than the weight says
  const Schedule s = fill("ovf", all, {.servers = {}, .window = 20});
  const uint32_t no = Schedule::kNobody;
  CHECK(s.picks ==
        std::vector<uint32_t>{1, 1, 2, 2, 2, 2, 3, 3, 3, 0, 0, no, no, no, no, no, no, no, no, no});
}

TEST_CASE("twos levels loads by weight, and its draws differ from window to window", "[sched]") {
  std::vector<Candidate> all{server(0, 2), server(1, 1), server(2, 0), server(3, 1)};
  const Schedule s = fill("twos", all, {.servers = {}, .window = 4000, .random = 1});
  const auto n = counts(s, 4);
  CHECK(n[2] == 0);
  CHECK(std::abs(static_cast<int>(n[0]) - 2000) < 40);
  CHECK(std::abs(static_cast<int>(n[1]) - 1000) < 40);
  CHECK(s.picks == fill("twos", all, {.servers = {}, .window = 4000, .random = 1}).picks);
  CHECK(s.picks != fill("twos", all, {.servers = {}, .window = 4000, .random = 2}).picks);
  all[0].active = 1000;
  CHECK(counts(fill("twos", all, {.servers = {}, .window = 300, .random = 3}), 4)[0] < 300 / 3);
}

TEST_CASE("lrt gives the quicker server as many more connections", "[sched]") {
  std::vector<Candidate> all = servers(2);
  all[0].response_us = 1000, all[1].response_us = 3000;
  CHECK(counts(fill("lrt", all, {.servers = {}, .window = 4000}), 2) == std::vector<uint32_t>{3000, 1000});
  all[1].weight = 3;
  CHECK(counts(fill("lrt", all, {.servers = {}, .window = 4000}), 2) == std::vector<uint32_t>{2000, 2000});
  all[0].response_us = 0;  // not known yet: as quick as the quickest
  all[1].weight = 1;
  CHECK(counts(fill("lrt", all, {.servers = {}, .window = 4000}), 2) == std::vector<uint32_t>{2000, 2000});
  all[0].response_us = all[1].response_us = ~uint32_t{0} >> 1;
  all[0].active = ~uint32_t{0};
  CHECK(counts(fill("lrt", all, {.servers = {}, .window = 100}), 2) == std::vector<uint32_t>{0, 100});
}

TEST_CASE("without usable servers there are no picks", "[sched]") {
  for (const Scheduler& s : schedulers()) {
    CAPTURE(s.name);
    const std::string name(s.name);
    CHECK_FALSE(fill(name.c_str(), {}).at(0));
    CHECK_FALSE(fill(name.c_str(), servers(3, 0)).at(0));
  }
}

TEST_CASE("a refused pick is no server", "[sched]") {
  ScheduleSlot slot;
  auto next = std::make_unique<Schedule>();
  next->picks = {5, Schedule::kNobody};
  slot.publish(std::move(next));
  CHECK(slot.pick() == 5u);
  CHECK_FALSE(slot.pick());
  CHECK(slot.pick() == 5u);
}

TEST_CASE("options are those of the scheduler", "[sched]") {
  SchedulerOptions options;
  CHECK(set_option(*find_scheduler("mh"), "mh-port", options));
  CHECK(options == SchedulerOptions{.port = 1});
  CHECK_FALSE(set_option(*find_scheduler("mh"), "sh-port", options));
  CHECK_FALSE(set_option(*find_scheduler("mh"), "mh-port=1", options));
  CHECK_FALSE(set_option(*find_scheduler("rr"), "mh-port", options));
  options = {};
  const Scheduler& conhash = *find_scheduler("conhash");
  CHECK(set_option(conhash, "bounded-load", options));
  CHECK(options.bounded_load == 125);
  CHECK(set_option(conhash, "bounded-load=200", options));
  CHECK(to_strings(conhash, options) == std::vector<std::string>{"bounded-load=200"});
  for (const char* wrong : {"bounded-load=100", "bounded-load=1001", "bounded-load=", "bounded-load=2x", ""})
    CHECK_FALSE(set_option(conhash, wrong, options));
}
