// Threads insert, find, erase and sweep one table at full speed against oracles. Meant for ThreadSanitizer.
#include <atomic>
#include <barrier>
#include <map>
#include <random>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "conn/tcp_track.h"
#include "net/headers.h"
#include "table_fixture.h"

using namespace steelyard;
using Inserted = ConnectionTable::Inserted;

namespace {

constexpr unsigned kHangSeconds = 500, kWorkers = 4;
constexpr Ticks kOld = 100, kNew = 1'000'000;

Endpoint client(uint32_t n) {
  return endpoint(0xc6336400 + (n >> 12), static_cast<uint16_t>(1024 + (n & 0xfff)));
}

Ticks timeout(const Connection& c, State, const void*) { return c.service == 1 ? kNew : kNew / 2; }

// The control core's part, until told to stop.
struct ControlCore {
  TableFixture& t;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> expired{0};
  uint64_t wrong = 0;

  static void note(const ConnectionTable::Expired& e, void* self) {
    auto* core = static_cast<ControlCore*>(self);
    core->expired.fetch_add(1, std::memory_order_relaxed);
    core->wrong += e.connection->last_seen.load() > kOld || e.connection->state() != State::dead ? 1 : 0;
  }
  void run() {
    while (!stop.load(std::memory_order_relaxed)) {
      t.table.sweep(t.table.sweep_slots() / 4, kNew, {timeout, nullptr, note, this});
      t.table.relieve(kNew, {timeout, nullptr, note, this});
      t.table.reclaim();
      std::this_thread::yield();
    }
  }
};

struct Tally {
  uint64_t inserted = 0, erased = 0, wrong = 0;
};

// A worker on keys of its own, in buckets it shares with everyone: each answer is known beforehand.
class Private {
 public:
  Private(TableFixture& t, unsigned thread) : t_(t), thread_(thread), random_(thread) {}

  void turn(Tally& tally) {
    const auto n = static_cast<uint32_t>(random_() % kKeys);
    const Endpoint who = client(100'000 + thread_ * kKeys + n);
    Connection* found = t_.find(inbound(who, kWeb));
    const auto known = mine_.find(n);
    tally.wrong += found != (known == mine_.end() ? nullptr : known->second) ? 1 : 0;
    if (random_() % 3 == 0 && known != mine_.end()) {
      uint32_t last = 0;
      tally.wrong += t_.table.erase(found, &last, 0) ? 0 : 1;
      ++tally.erased;
      mine_.erase(known);
      return;
    }
    Connection* c = t_.table.allocate(thread_);
    if (c == nullptr) return;
    TableFixture::fill(*c, who, kWeb, kServer1, State::established, kNew);
    const auto r = t_.table.insert(thread_, c, t_.table.hash(who, Protocol::tcp));
    if (known != mine_.end()) {
      tally.wrong += r.outcome == Inserted::exists && r.existing == known->second ? 0 : 1;
    } else {
      tally.wrong += r.outcome == Inserted::inserted ? 0 : 1;
      ++tally.inserted;
      mine_[n] = c;
    }
  }

 private:
  static constexpr uint32_t kKeys = 500;
  TableFixture& t_;
  unsigned thread_;
  std::mt19937 random_;
  std::map<uint32_t, Connection*> mine_;
};

// A worker on keys that all work on: what it holds must stay what it was until it reports quiescence.
class Shared {
 public:
  Shared(TableFixture& t, unsigned thread) : t_(t), thread_(thread), random_(thread + 1000) {}

  void turn(Tally& tally) {
    const Endpoint who = client(static_cast<uint32_t>(random_() % 64)),
                   to = random_() % 2 == 0 ? kWeb : kOther;
    if (random_() % 2 == 0) insert(who, to, tally);
    Connection* c = t_.find(inbound(who, to));
    if (c == nullptr) return;
    const uint32_t id = c->syn_us;
    track_tcp(*c, Direction::inbound, random_() % 4 == 0 ? kFin : kAck);
    uint32_t last = 0;
    if (random_() % 4 == 0 && t_.table.erase(c, &last, 0)) ++tally.erased;
    for (int i = 0; i < 20; ++i)
      tally.wrong += c->client() == who && c->virtual_endpoint() == to && c->syn_us == id ? 0 : 1;
  }

 private:
  void insert(Endpoint who, Endpoint to, Tally& tally) {
    Connection* c = t_.table.allocate(thread_);
    if (c == nullptr) return;
    TableFixture::fill(*c, who, to, random_() % 2 == 0 ? kServer1 : kServer2, State::syn_recv,
                       random_() % 8 == 0 ? kOld : kNew);
    c->syn_us = thread_ << 24 | ++id_;
    const auto r = t_.table.insert(thread_, c, t_.table.hash(who, Protocol::tcp));
    if (r.outcome == Inserted::inserted) ++tally.inserted;
    if (r.outcome == Inserted::exists) tally.wrong += r.existing->virtual_endpoint() == to ? 0 : 1;
  }

  const Endpoint kOther = endpoint(0xcb00710b, 443);
  TableFixture& t_;
  unsigned thread_;
  std::mt19937 random_;
  uint32_t id_ = 0;
};

uint64_t present(const ConnectionTable& table) {
  std::map<std::pair<Endpoint, Endpoint>, int> keys, replies;
  uint64_t n = 0, twice = 0;
  table.for_each([&](const Connection& c) {
    ++n;
    twice += ++keys[{c.client(), c.virtual_endpoint()}] > 1 ? 1 : 0;
    twice += ++replies[{c.client(), c.server_endpoint()}] > 1 ? 1 : 0;
  });
  CHECK(twice == 0);
  return n;
}

}  // namespace

TEST_CASE("Nothing is lost, found twice or used again while it is read", "[stress]") {
  ::alarm(kHangSeconds);
  constexpr int kTurns = 60'000;
  TableFixture t(3000, {17, 19}, kWorkers);
  ControlCore core{t};
  std::array<Tally, kWorkers> tallies;
  std::vector<std::thread> workers;
  for (unsigned id = 0; id < kWorkers; ++id)
    workers.emplace_back([&t, &tally = tallies[id], id] {
      Private own(t, id);
      Shared shared(t, id);
      for (int turn = 0; turn < kTurns; ++turn) {
        own.turn(tally);
        shared.turn(tally);
        t.grace.quiescent(id);
      }
      t.grace.offline(id);
    });
  std::thread control([&] { core.run(); });
  for (auto& w : workers) w.join();
  core.stop = true;
  control.join();

  uint64_t inserted = 0, erased = core.expired, wrong = core.wrong;
  for (const Tally& tally : tallies) inserted += tally.inserted, erased += tally.erased, wrong += tally.wrong;
  CHECK(wrong == 0);
  CHECK(inserted > 5'000);
  CHECK(core.expired > 0);
  CHECK(present(t.table) == inserted - erased);
  t.table.reclaim();
  t.table.reclaim();
  CHECK(t.table.size() == inserted - erased);
}

TEST_CASE("Many threads that insert the same keys: one winner each, and all learn who", "[stress]") {
  ::alarm(kHangSeconds);
  constexpr uint32_t kRounds = 200, kKeys = 200;
  TableFixture t(4 * kKeys * kWorkers, {23, 29}, kWorkers);
  std::vector<std::array<const Connection*, kWorkers>> answers(kKeys);
  std::vector<std::atomic<int>> winners(kKeys);
  std::atomic<uint64_t> refused{0};
  uint64_t wrong = 0;
  const auto judge = [&]() noexcept {  // between rounds, by one thread
    for (uint32_t k = 0; k < kKeys; ++k) {
      const auto& a = answers[k];
      for (const Connection* c : a) wrong += c != nullptr && c == a[0] ? 0 : 1;
      wrong += winners[k] == 1 && t.find(inbound(client(k), kWeb)) == a[0] ? 0 : 1;
      winners[k] = 0;
      uint32_t last = 0;
      wrong += a[0] != nullptr && t.table.erase(t.find(inbound(client(k), kWeb)), &last, 0) ? 0 : 1;
    }
    t.table.reclaim();
  };
  std::barrier between(kWorkers, judge);
  std::vector<std::thread> workers;
  for (unsigned id = 0; id < kWorkers; ++id)
    workers.emplace_back([&, id] {
      for (uint32_t round = 0; round < kRounds; ++round) {
        for (uint32_t k = 0; k < kKeys; ++k) {
          Connection* c = t.table.allocate(id);
          if (c == nullptr) {
            ++refused;
            continue;
          }
          TableFixture::fill(*c, client(k), kWeb, k % 2 == 0 ? kServer1 : endpoint(id, 1), State::syn_recv,
                             0);
          const auto r = t.table.insert(id, c, t.table.hash(client(k), Protocol::tcp));
          winners[k] += r.outcome == Inserted::inserted ? 1 : 0;
          answers[k][id] = r.outcome == Inserted::inserted ? c : r.existing;
        }
        between.arrive_and_wait();
        t.grace.quiescent(id);
      }
      t.grace.offline(id);
    });
  for (auto& w : workers) w.join();
  CHECK(wrong == 0);
  CHECK(refused == 0);
}
