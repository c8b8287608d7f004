#include <set>
#include <vector>

#include <catch2/catch.hpp>

#include "table_fixture.h"

using namespace steelyard;
using Inserted = ConnectionTable::Inserted;

namespace {

Endpoint client(uint32_t n) {
  return endpoint(0xc6336400 + (n >> 14), static_cast<uint16_t>(1024 + (n & 0x3fff)));
}

}  // namespace

TEST_CASE("A connection is found by its packets of both directions and by no others", "[conn]") {
  TableFixture t;
  CHECK(t.find(inbound(client(1), kWeb)) == nullptr);
  REQUIRE(t.outcome(client(1)) == Inserted::inserted);
  Connection* c = t.find(inbound(client(1), kWeb));
  REQUIRE(c != nullptr);
  CHECK(t.find(outbound(client(1), kServer1)) == c);
  CHECK(t.find(inbound(client(2), kWeb)) == nullptr);
  CHECK(t.find(inbound(client(1), kServer1)) == nullptr);
  CHECK(t.find(outbound(client(1), kWeb)) == nullptr);
  CHECK(t.find(outbound(client(1), kServer2)) == nullptr);
  CHECK(t.find(inbound(client(1), kWeb, Protocol::udp)) == nullptr);
  CHECK(t.find(inbound(client(1), endpoint(kWeb.address.host(), 81))) == nullptr);
}

TEST_CASE("A batch is looked up as its packets are one by one", "[conn]") {
  TableFixture t(5000);
  for (uint32_t i = 0; i < 5000; i += 2) REQUIRE(t.outcome(client(i)) == Inserted::inserted);
  std::vector<Packet> packets(5000);
  for (uint32_t i = 0; i < 5000; ++i) {
    packets[i].kind = i % 7 == 0 ? PacketKind::icmp_error : PacketKind::flow;
    packets[i].key = i % 3 == 0 ? outbound(client(i), kServer1) : inbound(client(i), kWeb);
  }
  packets[10].verdict = Verdict::drop;
  packets[12].kind = PacketKind::ip;
  for (Packet& p : packets)
    if (p.kind != PacketKind::ip && p.verdict == Verdict::pending) t.table.prepare(p);
  t.table.find(packets);
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < 5000; ++i) {
    const bool skipped = i == 10 || i == 12;
    const bool right = skipped ? packets[i].connection == nullptr && packets[i].hash == 0
                               : packets[i].connection == t.find(packets[i].key) &&
                                     packets[i].hash == t.table.hash(client(i), Protocol::tcp) &&
                                     (packets[i].connection != nullptr) == (i % 2 == 0);
    wrong += right ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("A key can be inserted once, and again after it was erased", "[conn]") {
  TableFixture t;
  REQUIRE(t.outcome(client(1)) == Inserted::inserted);
  Connection* first = t.find(inbound(client(1), kWeb));
  const auto again = t.insert(client(1), kWeb, kServer2);
  REQUIRE(again->outcome == Inserted::exists);
  CHECK(again->existing == first);

  uint32_t last = 0;
  CHECK(t.table.erase(first, &last, 0));
  CHECK(last == state_word(State::established, 0));
  CHECK(first->state() == State::dead);
  CHECK_FALSE(t.table.erase(first, &last, 0));
  CHECK(t.find(inbound(client(1), kWeb)) == nullptr);
  CHECK(t.outcome(client(1), kWeb, kServer2) == Inserted::inserted);
  CHECK(t.find(outbound(client(1), kServer2)) != nullptr);
}

TEST_CASE("An entry is not used again before every reader has moved on", "[conn]") {
  TableFixture t(4);
  for (uint32_t i = 0; i < 4; ++i) REQUIRE(t.outcome(client(i)) == Inserted::inserted);
  CHECK(t.table.allocate(0) == nullptr);
  CHECK(t.erase(client(2)));
  t.table.reclaim();
  t.table.reclaim();
  CHECK(t.table.allocate(0) == nullptr);
  CHECK(t.table.size() == 4);
  t.grace.quiescent(0);
  t.table.reclaim();
  CHECK(t.table.size() == 3);
  CHECK(t.outcome(client(9)) == Inserted::inserted);
  CHECK(t.table.allocate(0) == nullptr);
}

TEST_CASE("A table holds what it promises, then says full, and recovers", "[conn]") {
  const uint32_t capacity = GENERATE(1u, 2u, 17u, 1000u, 50000u);
  CAPTURE(capacity);
  TableFixture t(capacity);
  CHECK(t.table.capacity() == capacity);
  for (int round = 0; round < 3; ++round) {
    uint32_t bad = 0;
    for (uint32_t i = 0; i < capacity; ++i) bad += t.insert(client(i))->outcome == Inserted::inserted ? 0 : 1;
    CHECK(bad == 0);
    CHECK_FALSE(t.insert(client(capacity)).has_value());
    CHECK(t.table.size() == capacity);
    for (uint32_t i = 0; i < capacity; ++i) bad += t.find(inbound(client(i), kWeb)) != nullptr ? 0 : 1;
    for (uint32_t i = 0; i < capacity; ++i) bad += t.erase(client(i)) ? 0 : 1;
    CHECK(bad == 0);
    t.settle();
    CHECK(t.table.size() == 0);
  }
}

TEST_CASE("An entry given back is handed out again, with nothing of its past", "[conn]") {
  TableFixture t(1);
  Connection* c = t.table.allocate(0);
  REQUIRE(c != nullptr);
  TableFixture::fill(*c, client(1), kWeb, kServer1, State::syn_recv, 7);
  c->extra[1] = 5;
  t.table.release(0, c);
  CHECK(t.table.size() == 0);
  REQUIRE(t.table.allocate(0) == c);
  CHECK(c->client() == Endpoint{});
  CHECK(c->extra[1] == 0);
  CHECK(c->state_word.load() == 0);
}

TEST_CASE("What one thread erases another can use", "[conn]") {
  TableFixture t(640, {3, 4}, 3);
  uint32_t taken = 0;
  while (Connection* c = t.table.allocate(1)) {
    TableFixture::fill(*c, client(taken), kWeb, kServer1, State::established, 0);
    REQUIRE(t.table.insert(1, c, t.table.hash(client(taken), Protocol::tcp)).outcome == Inserted::inserted);
    ++taken;
  }
  CHECK(taken == 640);
  for (uint32_t i = 0; i < 640; ++i) REQUIRE(t.erase(client(i)));
  t.settle();
  taken = 0;
  while (t.table.allocate(2) != nullptr) ++taken;
  CHECK(taken == 640);
}

TEST_CASE("Generations wrap around without harm", "[conn]") {
  TableFixture t(1);
  uint32_t bad = 0;
  for (uint32_t i = 0; i < 3 * conn::kGenerations; ++i) {
    bad += t.outcome(client(i)) == Inserted::inserted ? 0 : 1;
    bad += t.find(inbound(client(i), kWeb)) != nullptr ? 0 : 1;
    bad += t.erase(client(i)) ? 0 : 1;
    t.settle();
  }
  CHECK(bad == 0);
}

TEST_CASE("A server that another virtual service uses for the same client endpoint is refused", "[conn]") {
  TableFixture t;
  const Endpoint other = endpoint(0xcb00710b, 443);
  REQUIRE(t.outcome(client(1), kWeb, kServer1) == Inserted::inserted);
  CHECK(t.outcome(client(1), other, kServer1) == Inserted::server_conflict);
  CHECK(t.outcome(client(1), other, kServer2) == Inserted::inserted);
  CHECK(t.outcome(client(2), other, kServer1) == Inserted::inserted);
  // The same key is `exists`, whatever else is in conflict.
  CHECK(t.outcome(client(1), other, kServer1) == Inserted::exists);
  CHECK(t.find(outbound(client(1), kServer1)) == t.find(inbound(client(1), kWeb)));
  CHECK(t.find(outbound(client(1), kServer2)) == t.find(inbound(client(1), other)));
}

TEST_CASE("One client endpoint can hold only so many connections", "[conn]") {
  TableFixture t;
  const auto at = [](uint16_t n) { return endpoint(0xcb007100, n); };
  const auto server = [](uint16_t n) { return endpoint(0x0a000001, n); };
  for (uint16_t n = 1; n <= 8; ++n) REQUIRE(t.outcome(client(1), at(n), server(n)) == Inserted::inserted);
  CHECK(t.outcome(client(1), at(9), server(9)) == Inserted::endpoint_limit);
  CHECK(t.outcome(client(1), at(8), server(8)) == Inserted::exists);
  CHECK(t.outcome(client(2), at(9), server(9)) == Inserted::inserted);
  REQUIRE(t.erase(client(1), at(4)));
  CHECK(t.outcome(client(1), at(9), server(9)) == Inserted::inserted);
}

TEST_CASE("Both buckets of a key can be full, which has a name of its own", "[conn]") {
  GracePeriods grace(1);
  ConnectionTable::Options o = TableFixture::options(1000, {1, 2}, 1);
  o.endpoint_limit = 100;
  ConnectionTable table(o, grace);
  const auto insert = [&](uint16_t n) {
    Connection* c = table.allocate(0);
    TableFixture::fill(*c, client(1), endpoint(0xcb007100, n), endpoint(0x0a000001, n), State::established,
                       0);
    return table.insert(0, c, table.hash(client(1), Protocol::tcp)).outcome;
  };
  for (uint16_t n = 0; n < 16; ++n) REQUIRE(insert(n) == Inserted::inserted);
  CHECK(insert(16) == Inserted::bucket_full);
  CHECK(insert(3) == Inserted::exists);
}

TEST_CASE("A visit sees every connection once", "[conn]") {
  TableFixture t(2000);
  for (uint32_t i = 0; i < 2000; ++i) REQUIRE(t.outcome(client(i)) == Inserted::inserted);
  for (uint32_t i = 0; i < 2000; i += 4) REQUIRE(t.erase(client(i)));
  std::set<Endpoint> seen;
  uint32_t visits = 0;
  t.table.for_each([&](const Connection& c) {
    ++visits;
    seen.insert(c.client());
  });
  CHECK(visits == 1500);
  CHECK(seen.size() == 1500);
  CHECK(seen.count(client(4)) == 0);
}

TEST_CASE("A connection costs at most 80 bytes at the design load", "[conn]") {
  const uint32_t capacity = GENERATE(100'000u, 1u << 20);
  TableFixture t(capacity);
  const double each = static_cast<double>(t.table.memory_bytes()) / capacity;
  CAPTURE(capacity, each);
  CHECK(each <= 80.0);
  CHECK(each >= 72.0);
}

TEST_CASE("Impossible options are refused", "[conn]") {
  GracePeriods grace(1);
  const auto with = [&](uint32_t capacity, unsigned threads, unsigned limit) {
    ConnectionTable::Options o = TableFixture::options(capacity, {}, threads);
    o.endpoint_limit = limit;
    ConnectionTable table(o, grace);
  };
  CHECK_THROWS_AS(with(0, 1, 8), std::invalid_argument);
  CHECK_THROWS_AS(with(10, 0, 8), std::invalid_argument);
  CHECK_THROWS_AS(with(10, 1, 0), std::invalid_argument);
}
