// Lock-freedom and one winner: threads are stopped inside their operations, before each access to shared
// memory in turn, while others do theirs to the end. If an operation had to wait for a stopped thread, this
// program would hang; the alarm ends it then.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "stops.h"
#include "table_fixture.h"

using namespace steelyard;
using test::StoppedThread;
using Inserted = ConnectionTable::Inserted;

namespace {

constexpr unsigned kHangSeconds = 500;
constexpr unsigned kMostSteps = 400;  // more than any operation here takes

const Endpoint kClient = endpoint(0xc6336401, 1024);
const Endpoint kOther = endpoint(0xcb00710b, 443);

// What happened to the connections of one table, by the answers of its operations.
struct Books {
  std::atomic<int> inserted{0}, erased{0};
};

struct Bench : TableFixture {
  explicit Bench(uint32_t capacity = 128) : TableFixture(capacity, {11, 13}, 4) { ::alarm(kHangSeconds); }

  Inserted insert_as(unsigned thread, Endpoint to, Endpoint server, Endpoint client = kClient) {
    Connection* c = table.allocate(thread);
    if (c == nullptr) return Inserted::bucket_full;
    fill(*c, client, to, server, State::established, 0);
    const auto r = table.insert(thread, c, table.hash(client, Protocol::tcp));
    if (r.outcome == Inserted::inserted) ++books.inserted;
    return r.outcome;
  }
  bool erase_found(Endpoint to, Endpoint client = kClient) {
    uint32_t last = 0;
    Connection* c = find(inbound(client, to));
    const bool mine = c != nullptr && table.erase(c, &last, 0);
    if (mine) ++books.erased;
    return mine;
  }
  uint32_t present() const {
    uint32_t n = 0;
    table.for_each([&](const Connection&) { ++n; });
    return n;
  }
  // No two connections that a packet could both belong to.
  void check_unique() {
    std::map<std::pair<Endpoint, Endpoint>, int> keys, replies;
    table.for_each([&](const Connection& c) {
      ++keys[{c.client(), c.virtual_endpoint()}];
      ++replies[{c.client(), c.server_endpoint()}];
    });
    for (const auto& [key, n] : keys) CHECK(n == 1);
    for (const auto& [key, n] : replies) CHECK(n == 1);
  }
  // And as many as the answers say, once all are in.
  void check() {
    check_unique();
    CHECK(static_cast<int>(present()) == books.inserted - books.erased);
  }
  // Everything can be had back: nothing leaked on the way.
  void check_nothing_leaked() {
    for (const Endpoint to : {kWeb, kOther}) erase_found(to);
    for (int i = 0; i < 3; ++i) settle();
    CHECK(table.size() == present());
  }

  Books books;
};

// Everything that others do to the same keys while someone is stopped; each must come to its end.
void all_operations(Bench& b, unsigned thread) {
  b.insert_as(thread, kWeb, kServer1);
  CHECK(b.find(inbound(kClient, kWeb)) != nullptr);
  b.insert_as(thread, kOther, kServer1);
  b.insert_as(thread, kOther, kServer2);
  b.erase_found(kWeb);
  b.table.reclaim();
  b.insert_as(thread, kWeb, kServer1);
  CHECK((b.find(inbound(kClient, kWeb)) != nullptr || b.find(outbound(kClient, kServer1)) != nullptr));
  const auto never = [](const Connection&, State, const void*) { return ~Ticks{0}; };
  b.table.sweep(128, 10, {never, nullptr, nullptr, nullptr});
  b.table.relieve(10, {never, nullptr, nullptr, nullptr});
  b.check_unique();
}

using Operation = void (*)(Bench&);

void insert_web(Bench& b) { b.insert_as(1, kWeb, kServer1); }
void insert_other(Bench& b) { b.insert_as(2, kOther, kServer1); }
void insert_web_too(Bench& b) { b.insert_as(2, kWeb, kServer2); }
void insert_web_third(Bench& b) { b.insert_as(3, kWeb, kServer2); }
void insert_web_fourth(Bench& b) { b.insert_as(0, kWeb, kServer1); }
void erase_web(Bench& b) { b.erase_found(kWeb); }
void cycle(Bench& b) {
  b.insert_as(1, kWeb, kServer1);
  b.erase_found(kWeb);
  b.table.release(1, b.table.allocate(1));
}

}  // namespace

TEST_CASE("An operation stopped before any of its accesses keeps nobody waiting", "[stress]") {
  const bool there_before = GENERATE(false, true);
  const auto operation = GENERATE(Operation{insert_web}, Operation{erase_web}, Operation{cycle});
  unsigned at = 1;
  for (bool stopped = true; stopped && at < kMostSteps; ++at) {
    Bench b;
    if (there_before) b.insert_as(0, kWeb, kServer1);
    StoppedThread one(at, [&] { operation(b); });
    stopped = one.stopped();
    CAPTURE(at);
    all_operations(b, 0);
    one.finish();
    b.check();
    b.check_nothing_leaked();
  }
  CHECK(at > 1);
  CHECK(at < kMostSteps);
}

// The hole at a lower position makes the second inserter kill the first, or the first yield to the second.
TEST_CASE("Of two inserters stopped anywhere, at most one wins, whoever goes on first", "[stress]") {
  const auto second = GENERATE(Operation{insert_web_too}, Operation{insert_other});
  const bool hole = GENERATE(false, true);
  const int first_on = GENERATE(0, 1, 2);  // neither, the first, the second: before a third one inserts
  const Endpoint filler = endpoint(0xcb00710c, 1);
  bool more_i = true;
  for (unsigned i = 1; more_i && i < kMostSteps; i += 1) {
    bool more_j = true;
    for (unsigned j = 1; more_j && j < kMostSteps; ++j) {
      Bench b;
      if (hole) b.insert_as(0, filler, endpoint(0x0a0000ff, 1));
      StoppedThread a(i, [&] { insert_web(b); });
      more_i = a.stopped();
      if (hole) b.erase_found(filler);
      StoppedThread c(j, [&] { second(b); });
      more_j = c.stopped();
      if (first_on == 1) a.finish();
      if (first_on == 2) c.finish();
      const Inserted third = b.insert_as(0, kWeb, kServer1);
      const bool answered =
          third == Inserted::inserted || third == Inserted::exists || third == Inserted::server_conflict;
      c.finish();
      a.finish();
      const int left = b.books.inserted - b.books.erased;
      if (!answered || left != 1 || b.present() != 1) {
        CAPTURE(i, j, first_on, hole, static_cast<int>(third), left);
        CHECK(b.present() == 1);
        CHECK(left == 1);
        CHECK(answered);
      }
    }
  }
}

TEST_CASE("In random interleavings of inserters and an eraser, connections in conflict never meet",
          "[stress]") {
  constexpr int kSchedules = 2000;
  constexpr uint16_t kFillers = 4;
  const auto filler = [](uint16_t n) { return endpoint(0xcb00710c, static_cast<uint16_t>(n + 1)); };
  // Each inserter is another thread to the table.
  const std::vector<Operation> operations{insert_web, insert_other, insert_web_third};
  std::mt19937 random(7);
  int bad = 0, worst = 0;
  for (int schedule = 0; schedule < kSchedules; ++schedule) {
    Bench b;
    for (uint16_t n = 0; n < kFillers; ++n)
      b.insert_as(0, filler(n), endpoint(0x0a0000ff, static_cast<uint16_t>(n + 1)));
    std::vector<std::unique_ptr<StoppedThread>> running;
    for (int n = 0; n < 4; ++n) {
      const Operation last = schedule % 2 == 0 ? insert_web_fourth : erase_web;
      const Operation operation = n < 3 ? operations[static_cast<std::size_t>(n)] : last;
      running.push_back(std::make_unique<StoppedThread>(1, [&b, operation] { operation(b); }));
    }
    // Holes open while they are under way, so that later ones find places below earlier ones.
    uint16_t holes = 0;
    while (!running.empty()) {
      if (random() % 6 == 0 && holes < kFillers) b.erase_found(filler(holes++));
      const std::size_t who = random() % running.size();
      if (!running[who]->advance(static_cast<unsigned>(1 + random() % 20)))
        running.erase(running.begin() + static_cast<long>(who));
    }
    std::map<Endpoint, int> keys, replies;
    int most = 0, present = 0;
    b.table.for_each([&](const Connection& c) {
      most = std::max({most, ++keys[c.virtual_endpoint()], ++replies[c.server_endpoint()]});
      ++present;
    });
    worst = std::max(worst, most);
    bad += most > 1 || present != b.books.inserted - b.books.erased ? 1 : 0;
  }
  CHECK(bad == 0);
  CHECK(worst == 1);
}

TEST_CASE("One thread stopped at 200 random points, the others finish their operations meanwhile",
          "[stress]") {
  constexpr int kStops = 200, kEach = 300;
  Bench b(256);
  std::mt19937 random(2026);
  const auto client = [](uint32_t n) { return endpoint(0xc6336400, static_cast<uint16_t>(1024 + n)); };
  // A few keys that everyone works on, for so long.
  const auto work = [&](unsigned thread, unsigned long seed, int operations) {
    std::mt19937 r(seed);
    for (int n = 0; n < operations; ++n) {
      const Endpoint who = client(static_cast<uint32_t>(r() % 8)), to = r() % 2 == 0 ? kWeb : kOther;
      if (r() % 2 == 0)
        b.insert_as(thread, to, r() % 2 == 0 ? kServer1 : kServer2, who);
      else
        b.erase_found(to, who);
      b.grace.quiescent(thread);
    }
  };
  int stops = 0;
  uint64_t finished = 0;
  while (stops < kStops) {
    StoppedThread victim(static_cast<unsigned>(1 + random() % 3000),
                         [&, seed = random()] { work(1, seed, 100); });
    if (!victim.stopped()) continue;
    ++stops;
    std::thread second([&, seed = random()] { work(2, seed, kEach); });
    std::thread third([&, seed = random()] { work(3, seed, kEach); });
    b.table.reclaim();
    second.join();
    third.join();
    finished += 2 * kEach;
    victim.finish();
    b.grace.quiescent(0);
    b.settle();
    b.check();
  }
  CHECK(finished == uint64_t{kStops} * 2 * kEach);
  for (int i = 0; i < 3; ++i) b.settle();
  CHECK(b.table.size() == b.present());
}
