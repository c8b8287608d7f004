// One turn in 1024 of those that have packets is timed, and does what the others do.
#include <catch2/catch.hpp>

#include "rig.h"

namespace steelyard::test {

TEST_CASE("Batches by their size", "[pipeline]") {
  CHECK(batch_class(1) == 0);
  CHECK(batch_class(2) == 1);
  CHECK(batch_class(3) == 1);
  CHECK(batch_class(31) == 4);
  CHECK(batch_class(32) == 5);
  CHECK(batch_class(kBatchSize) == kBatchClasses - 1);
}

TEST_CASE("One turn in 1024 that has packets is timed, and no other", "[pipeline]") {
  Rig rig;
  rig.establish();  // three turns
  const StageTimes& times = rig.counters.stages;
  const std::vector<Frame> batch(5, tcp(kClient, kWebVip, kAck));
  for (unsigned turns = 3; turns < kTimedEvery - 1; ++turns) {
    REQUIRE(times.turns.get() == 0);
    rig.run(kClients, batch);
  }
  for (int i = 0; i < 10; ++i) rig.run(kClients, std::vector<Frame>{});  // the turn that is due has to wait
  CHECK(times.turns.get() == 0);
  for (const Counter& cycles : times.cycles) CHECK(cycles.get() == 0);
  CHECK(rig.counters.idle_turns.get() == 10);

  std::vector<Frame> last(4, tcp(kClient, kWebVip, kAck));
  last.push_back(tcp(ep("192.0.2.9", 9), kWebVip, kAck));  // and one that is answered
  CHECK(rig.run(kClients, last).size() == 5);
  CHECK(times.turns.get() == 1);
  CHECK(times.packets.get() == 5);
  CHECK(times.batches[batch_class(5)].get() == 1);
  for (const Counter& cycles : times.cycles) CHECK(cycles.get() > 0);
  rig.run(kClients, batch);
  CHECK(times.turns.get() == 1);
}

}  // namespace steelyard::test
