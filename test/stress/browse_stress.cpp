// The control core reads the table while workers insert into it, track and erase: what it sees is whole,
// stays what it was until the next reclaim(), and what is in the table all the while is met once in every
// walk. Meant for ThreadSanitizer.
#include <atomic>
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

namespace {

constexpr unsigned kHangSeconds = 500, kWorkers = 3;
constexpr uint32_t kPermanent = 300, kChanging = 700;
constexpr Ticks kSeen = 1000;

// The permanent ones come first; everything else follows from a client's number.
Endpoint client(uint32_t n) {
  return endpoint(0xc6336400 + (n >> 8), static_cast<uint16_t>(1024 + (n & 0xff)));
}
uint32_t number(Endpoint c) { return (c.address.host() - 0xc6336400) << 8 | (c.port.host() - 1024u); }
Endpoint server(uint32_t n) { return endpoint(0x0a000000 + n, static_cast<uint16_t>(n + 1)); }

bool insert(TableFixture& t, unsigned thread, uint32_t n) {
  Connection* c = t.table.allocate(thread);
  if (c == nullptr) return false;
  TableFixture::fill(*c, client(n), kWeb, server(n), State::syn_recv, kSeen + n);
  c->syn_us = n;
  c->service = static_cast<ServiceSlot>(n % 1000);
  return t.table.insert(thread, c, t.table.hash(client(n), Protocol::tcp)).outcome ==
         ConnectionTable::Inserted::inserted;
}

void work(TableFixture& t, unsigned thread, const std::atomic<bool>& stop, std::atomic<uint64_t>& changes) {
  std::mt19937 random(thread);
  while (!stop.load(std::memory_order_relaxed)) {
    const auto n = static_cast<uint32_t>(kPermanent + random() % kChanging);
    Connection* c = t.find(inbound(client(n), kWeb));
    uint32_t last = 0;
    if (c == nullptr)
      changes += insert(t, thread, n) ? 1 : 0;
    else if (random() % 2 == 0)
      changes += t.table.erase(c, &last, 0) ? 1 : 0;
    else
      track_tcp(*c, random() % 2 == 0 ? Direction::inbound : Direction::outbound, kAck);
    t.grace.quiescent(thread);
  }
  t.grace.offline(thread);
}

bool whole(const ConnectionTable::Seen& s) {
  const Connection& c = *s.connection;
  const uint32_t n = number(c.client());
  return n < kPermanent + kChanging && c.protocol == Protocol::tcp && c.virtual_endpoint() == kWeb &&
         c.server_endpoint() == server(n) && c.syn_us == n && c.service == n % 1000 &&
         s.last_seen == kSeen + n && state_in(s.state_word) != State::dead;
}

bool odd(const Connection& c, State, const void*) { return number(c.client()) % 2 == 1; }
bool all(const Connection&, State, const void*) { return true; }

}  // namespace

TEST_CASE("What is read while it changes is whole, and what stays is met once a walk", "[stress]") {
  ::alarm(kHangSeconds);
  constexpr int kWalks = 3000;
  TableFixture t(3000, {31, 37}, kWorkers);
  for (uint32_t n = 0; n < kPermanent; ++n) REQUIRE(insert(t, 0, n));
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> changes{0};
  std::vector<std::thread> workers;
  for (unsigned id = 0; id < kWorkers; ++id) workers.emplace_back([&, id] { work(t, id, stop, changes); });

  uint64_t torn = 0, missed = 0, twice = 0, uninvited = 0, passing = 0;
  std::vector<ConnectionTable::Seen> found;
  for (int walk = 0; walk < kWalks; ++walk) {
    const bool half = walk % 2 == 1;
    std::map<uint32_t, int> met;
    for (uint32_t at = 0; at < t.table.capacity(); t.table.reclaim()) {
      found.clear();
      at = t.table.browse(at, 64, 16, half ? odd : all, nullptr, found);
      for (int again = 0; again < 3; ++again)
        for (const auto& s : found) torn += whole(s) ? 0 : 1;
      for (const auto& s : found) ++met[number(s.connection->client())];
    }
    for (uint32_t n = 0; n < kPermanent; ++n) {
      missed += (!half || n % 2 == 1) && met[n] == 0 ? 1 : 0;
      twice += met[n] > 1 ? 1 : 0;
    }
    for (const auto& [n, times] : met) {
      uninvited += half && n % 2 == 0 && times > 0 ? 1 : 0;
      passing += n >= kPermanent && times > 0 ? 1 : 0;
    }
  }
  stop = true;
  for (auto& w : workers) w.join();
  CHECK(torn == 0);
  CHECK(missed == 0);
  CHECK(twice == 0);
  CHECK(uninvited == 0);
  CHECK(passing > 0);
  CHECK(changes > 1000);
}
