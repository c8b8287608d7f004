// Threads make, hold, replace and let go templates of a few networks while their connections come and go, and
// the sweep ends what is over. Meant for ThreadSanitizer.
#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "conn/template.h"
#include "table_fixture.h"

using namespace steelyard;

namespace {

constexpr unsigned kWorkers = 4, kTurns = 60'000;
constexpr uint32_t kNetworks = 6;
constexpr Ticks kTimeout = 2, kOld = 100;

TemplateKey key(uint32_t n) { return {Ipv4::from_host(0x0a000000 + (n << 8)), Port{3}, kWeb}; }

// Connections that were seen at kOld have expired, all others live.
Ticks timeout(const Connection& c, State, const void*) {
  return c.last_seen.load() == kOld ? 1 : ~Ticks{0} / 2 - 1;
}

class Worker {
 public:
  Worker(TableFixture& t, unsigned thread, const std::atomic<Ticks>& now)
      : t_(t), thread_(thread), now_(now), random_(thread) {}

  void turn() {
    const auto n = static_cast<uint32_t>(random_() % kNetworks);
    const Ticks now = now_.load(std::memory_order_relaxed);
    Connection* t = held(key(n), now);
    if (t != nullptr) use(*t, n, now);
    if (random_() % 2 == 0 && !mine_.empty()) close(now);
    for (const Owned& o : mine_) check(o);
  }
  void close_all() {
    while (!mine_.empty()) close(now_.load());
  }
  uint64_t wrong = 0, made = 0, opened = 0;

 private:
  struct Owned {
    Connection* connection;
    Connection* of;
    uint32_t network;
  };

  Connection* held(const TemplateKey& k, Ticks now) {
    for (int tries = 0; tries < 20; ++tries) {
      if (Connection* t = hold_template(t_.table, k, now)) return t;
      const MadeTemplate m = make_template(t_.table, thread_, k, 0, thread_, kTimeout, now);
      made += m.outcome == MadeTemplate::Outcome::made ? 1 : 0;
      if (m.outcome == MadeTemplate::Outcome::made) return m.entry;
      if (m.outcome != MadeTemplate::Outcome::exists) return nullptr;
    }
    return nullptr;
  }

  void use(Connection& t, uint32_t n, Ticks now) {
    restart(t, now);
    const ServerSlot named = t.server.load();
    if (random_() % 4 == 0 && replace_server(t, named, thread_, kTimeout)) assure(t);
    if (random_() % 4 == 0 || mine_.size() > 20) return let_go(t, now);
    Connection* c = t_.table.allocate(thread_);
    if (c == nullptr) return let_go(t, now);
    const bool forgotten = random_() % 64 == 0;  // left to the sweep
    const Endpoint client =
        endpoint(0x0b000000 + (thread_ << 16) + static_cast<uint32_t>(random_() % 200), ++port_);
    TableFixture::fill(*c, client, kWeb, kServer1, State::established, forgotten ? kOld : kOld + 1);
    c->link = t_.table.link_to(t);
    const auto r = t_.table.insert(thread_, c, t_.table.hash(client, Protocol::tcp));
    if (r.outcome != ConnectionTable::Inserted::inserted) return let_go(t, now);
    ++opened;
    if (!forgotten) mine_.push_back({c, &t, n});
  }

  void close(Ticks now) {
    const std::size_t i = random_() % mine_.size();
    uint32_t last = 0;
    wrong += t_.table.erase(mine_[i].connection, &last, now) ? 0 : 1;
    mine_[i] = mine_.back();
    mine_.pop_back();
  }

  // The template of a live connection is the only one of its key, and stays what it was.
  void check(const Owned& o) {
    const TemplateKey k = key(o.network);
    Connection* found = t_.find(inbound({k.network, k.number}, k.endpoint, Protocol::persistence));
    wrong += found == o.of && t_.table.template_of(*o.connection) == o.of && holds_of(*o.of) > 0 ? 0 : 1;
  }

  TableFixture& t_;
  unsigned thread_;
  const std::atomic<Ticks>& now_;
  std::mt19937 random_;
  uint16_t port_ = 0;
  std::vector<Owned> mine_;
};

uint64_t holds_left(TableFixture& t) {
  uint64_t holds = 0;
  t.table.for_each([&](const Connection& c) { holds += is_template(c) ? holds_of(c) : 1; });
  return holds;
}

}  // namespace

TEST_CASE("templates are one a network, outlive their connections and lose no hold", "[stress]") {
  TableFixture t(20'000, {5, 6}, kWorkers);
  std::atomic<Ticks> now{kOld + 10};
  std::atomic<bool> stop{false};
  std::vector<Worker> workers;
  for (unsigned i = 0; i < kWorkers; ++i) workers.emplace_back(t, i, now);
  std::atomic<uint64_t> wrong{0}, made{0}, opened{0};
  std::vector<std::thread> threads;
  for (Worker& w : workers)
    threads.emplace_back([&, thread = static_cast<unsigned>(&w - workers.data())] {
      for (unsigned i = 0; i < kTurns; ++i) {
        w.turn();
        t.grace.quiescent(thread);
        if (i % 16 != 15) continue;
        w.close_all();  // so that templates come to their ends
        now.fetch_add(kHeldTemplateTimeout + 1);
      }
      w.close_all();
      t.grace.offline(thread);
      wrong += w.wrong, made += w.made, opened += w.opened;
    });
  std::thread control([&] {
    while (!stop.load()) {
      t.table.sweep(t.table.sweep_slots() / 2, now.load(), {timeout, nullptr, nullptr, nullptr});
      t.table.reclaim();
      now.fetch_add(1);
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  control.join();
  CHECK(wrong == 0);
  CHECK(opened > kTurns / 4);
  CHECK(made > kNetworks);
  // What was left to the sweep goes, and then nothing is held.
  t.table.sweep(t.table.sweep_slots(), now.load() + 10, {timeout, nullptr, nullptr, nullptr});
  CHECK(holds_left(t) == 0);
  t.table.sweep(t.table.sweep_slots(), now.load() + kHeldTemplateTimeout + 20,
                {timeout, nullptr, nullptr, nullptr});
  uint64_t left = 0;
  t.table.for_each([&](const Connection&) { ++left; });
  CHECK(left == 0);
}
