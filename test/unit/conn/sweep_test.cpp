#include <map>

#include <catch2/catch.hpp>

#include "conn/sweep_pace.h"
#include "table_fixture.h"

using namespace steelyard;
using Inserted = ConnectionTable::Inserted;

namespace {

Endpoint client(uint32_t n) {
  return endpoint(0xc6336400 + (n >> 14), static_cast<uint16_t>(1024 + (n & 0x3fff)));
}

constexpr Ticks kEstablished = 900 * kTicksPerSecond, kHalfOpen = 60 * kTicksPerSecond;

Ticks timeout(const Connection&, State s, const void*) {
  return s == State::syn_recv ? kHalfOpen : kEstablished;
}

struct Gone {
  std::map<Endpoint, uint32_t> last;
  static void note(const ConnectionTable::Expired& e, void* self) {
    static_cast<Gone*>(self)->last[e.connection->client()] = e.last;
  }
  ConnectionTable::SweepHooks hooks() { return {timeout, nullptr, note, this}; }
};

// What the control core does, once a millisecond, told the time.
struct Core {
  TableFixture& t;
  Gone& gone;
  SweepPace pace;
  void step(uint64_t ms) {
    const auto now = static_cast<Ticks>(ms / static_cast<uint64_t>(kTick.count()));
    t.table.sweep(pace.due(t.table.sweep_slots(), std::chrono::milliseconds{1}), now, gone.hooks());
  }
};

}  // namespace

TEST_CASE("A connection expires not a moment early and at most five seconds late", "[conn]") {
  TableFixture t(20'000);
  Gone gone;
  Core core{t, gone, {}};
  // Some last seen at the beginning of a tick, some at its end, somewhere in a table with a few others.
  const uint64_t seen_ms = GENERATE(uint64_t{1'000'000}, uint64_t{1'000'249});
  const auto seen = static_cast<Ticks>(seen_ms / 250);
  for (uint32_t i = 0; i < 20'000; ++i) {
    const State s = i % 10 == 0 ? State::syn_recv : State::established;
    REQUIRE(t.insert(client(i), kWeb, kServer1, s, seen)->outcome == Inserted::inserted);
  }
  for (uint64_t ms = seen_ms; ms < seen_ms + 60'000; ++ms) core.step(ms);
  CHECK(gone.last.empty());
  for (uint64_t ms = seen_ms + 60'000; ms < seen_ms + 65'000; ++ms) core.step(ms);
  CHECK(gone.last.size() == 2000);
  CHECK(gone.last.count(client(10)) == 1);
  CHECK(gone.last[client(10)] == state_word(State::syn_recv, 0));
  CHECK(t.find(inbound(client(10), kWeb)) == nullptr);
  CHECK(t.find(inbound(client(11), kWeb)) != nullptr);
}

TEST_CASE("A connection that is used stays, whatever the others do", "[conn]") {
  TableFixture t(100);
  Gone gone;
  for (uint32_t i = 0; i < 100; ++i) t.insert(client(i), kWeb, kServer1, State::established, 1000);
  t.find(inbound(client(42), kWeb))->last_seen.store(1000 + kEstablished);
  CHECK(t.table.sweep(100, 1000 + kEstablished, gone.hooks()) == 0);
  CHECK(t.table.sweep(100, 1001 + kEstablished, gone.hooks()) == 99);
  CHECK(t.find(inbound(client(42), kWeb)) != nullptr);
  CHECK(gone.last.count(client(42)) == 0);
}

TEST_CASE("Expiry survives the wrap of the tick counter and a worker's clock that is ahead", "[conn]") {
  TableFixture t(10);
  Gone gone;
  t.insert(client(1), kWeb, kServer1, State::syn_recv, ~Ticks{0} - 10);
  t.insert(client(2), kWeb, kServer1, State::syn_recv, 1);
  CHECK(t.table.sweep(10, 0, gone.hooks()) == 0);
  CHECK(t.table.sweep(10, kHalfOpen - 11, gone.hooks()) == 0);
  CHECK(t.table.sweep(10, kHalfOpen - 10, gone.hooks()) == 1);
  CHECK(gone.last.count(client(1)) == 1);
  CHECK(t.table.sweep(10, kHalfOpen + 2, gone.hooks()) == 1);
}

TEST_CASE("Slices of a sweep cover the table, and swept entries are used again", "[conn]") {
  TableFixture t(1000);
  Gone gone;
  for (int round = 0; round < 3; ++round) {
    for (uint32_t i = 0; i < 1000; ++i) REQUIRE(t.insert(client(i))->outcome == Inserted::inserted);
    uint32_t erased = 0;
    for (int slice = 0; slice < 40; ++slice) {
      const uint32_t n = t.table.sweep(25, kEstablished + 1, gone.hooks());
      CHECK(n == 25);
      erased += n;
    }
    CHECK(erased == 1000);
    t.settle();
    CHECK(t.table.size() == 0);
  }
}

TEST_CASE("An entry that is being filled, or was given back, is not swept", "[conn]") {
  TableFixture t(10);
  Gone gone;
  Connection* filling = t.table.allocate(0);
  TableFixture::fill(*filling, client(1), kWeb, kServer1, State::established, 0);
  CHECK(t.table.sweep(10, 5 * kEstablished, gone.hooks()) == 0);
  CHECK(filling->state() == State::established);
  t.table.release(0, filling);
  CHECK(t.table.sweep(10, 5 * kEstablished, gone.hooks()) == 0);
}

TEST_CASE("Above 90 % the oldest half-open connections give way, and nothing else", "[conn]") {
  TableFixture t(1000);
  Gone gone;
  const Ticks now = 4000;
  for (uint32_t i = 0; i < 700; ++i) t.insert(client(i), kWeb, kServer1, State::established, now - 3000);
  CHECK(t.table.relieve(now, gone.hooks()) == 0);
  // 260 half-open ones, 13 of each age from 0 to 19 ticks.
  for (uint32_t i = 0; i < 260; ++i) t.insert(client(700 + i), kWeb, kServer1, State::syn_recv, now - i % 20);
  CHECK(t.table.relieve(now, gone.hooks()) == 60);
  CHECK(gone.last.size() == 60);
  uint32_t of_age_15 = 0;
  for (uint32_t i = 0; i < 260; ++i) {
    const bool is_gone = gone.last.count(client(700 + i)) == 1;
    if (i % 20 == 15)
      of_age_15 += is_gone ? 1 : 0;
    else
      REQUIRE(is_gone == (i % 20 > 15));
  }
  CHECK(of_age_15 == 8);
  CHECK(t.table.relieve(now, gone.hooks()) == 0);  // what waits for a grace period counts as gone
}

TEST_CASE("Relief goes on over many turns and stops where nothing is half-open", "[conn]") {
  constexpr uint32_t kMany = 5 * ConnectionTable::kRelieveSlots / 2;
  TableFixture t(kMany);
  Gone gone;
  for (uint32_t i = 0; i < kMany; ++i)
    t.insert(client(i), kWeb, kServer1, i % 20 == 0 ? State::syn_recv : State::established, 100);
  uint32_t erased = 0;
  for (int turn = 0; turn < 12; ++turn) erased += t.table.relieve(110, gone.hooks());
  CHECK(erased == kMany / 20);  // all of them: half of what is wanted
  for (Ticks now = 120; now < 140; ++now) CHECK(t.table.relieve(now, gone.hooks()) == 0);
  // New ones are found later.
  t.settle();
  for (uint32_t i = 0; i < kMany; i += 20) t.insert(client(i), kWeb, kServer1, State::syn_recv, 140);
  for (int turn = 0; turn < 12; ++turn)
    erased += t.table.relieve(160 + static_cast<Ticks>(turn), gone.hooks());
  CHECK(erased > kMany / 20);
}
