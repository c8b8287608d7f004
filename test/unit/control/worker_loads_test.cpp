#include "control/worker_loads.h"

#include <catch2/catch.hpp>

using namespace steelyard;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Fixture() {
    workers.push_back(std::make_unique<WorkerCounters>(1));
    workers.push_back(std::make_unique<WorkerCounters>(1));
    loads.tick(1000ms);
  }
  WorkerCounters& own() { return *workers[0]; }
  std::vector<std::unique_ptr<WorkerCounters>> workers;
  control::WorkerLoads loads{workers, 1, 2'000'000'000};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a worker's busy share, batches and packets a second of late", "[control]") {
  for (int i = 1; i <= 60; ++i) {  // half of the time busy, batches of 8
    own().busy_us.add(1'000'000);
    own().turns.add(1100);
    own().idle_turns.add(1000);
    own().received.add(800);
    loads.tick(1000ms + i * 2s);
  }
  const control::WorkerView v = loads.view(0);
  CHECK(v.busy == Approx(0.5));
  CHECK(v.batch == Approx(8));
  CHECK(v.packets_per_second == Approx(400));
  CHECK(v.turns == 66'000);
  CHECK(v.idle_turns == 60'000);
  CHECK(v.packets == 48'000);
  for (int i = 61; i <= 200; ++i) loads.tick(1000ms + i * 2s);
  CHECK(loads.view(0).busy == Approx(0).margin(1e-6));
}

TEST_CASE_METHOD(Fixture, "a turn that is seen before it is known to be idle does no harm", "[control]") {
  own().turns.add(11);
  own().idle_turns.add(9);  // the last one's is still to come
  own().received.add(8);
  loads.tick(3s);
  CHECK(loads.view(0).batch == Approx(4));
  own().idle_turns.add(1);
  for (int i = 2; i <= 10; ++i) loads.tick(1000ms + i * 2s);
  CHECK(loads.view(0).batch == Approx(4));
}

TEST_CASE_METHOD(Fixture, "stages take nanoseconds of the packets in the turns that were timed",
                 "[control]") {
  own().stages.turns.add(2);
  own().stages.packets.add(40);
  own().stages.batches[batch_class(8)].add();
  own().stages.batches[batch_class(32)].add();
  own().stages.cycles[static_cast<std::size_t>(Stage::find)].add(4000);
  const control::WorkerView v = loads.view(0);
  CHECK(v.stage_ns[static_cast<std::size_t>(Stage::find)] == Approx(50));  // 100 cycles at 2 GHz
  CHECK(v.stage_ns[static_cast<std::size_t>(Stage::send)] == 0);
  CHECK(v.timed_turns == 2);
  CHECK(v.timed_packets == 40);
  CHECK(v.batches == std::array<uint64_t, kBatchClasses>{0, 0, 0, 1, 0, 1});
}

TEST_CASE_METHOD(Fixture, "a worker that has done nothing has numbers too", "[control]") {
  loads.tick(9s);
  const control::WorkerView v = loads.view(0);
  CHECK(v.busy == 0);
  CHECK(v.batch == 0);
  CHECK(v.stage_ns[0] == 0);
}
