#include <set>

#include <catch2/catch.hpp>

#include "table_fixture.h"

using namespace steelyard;
using Seen = ConnectionTable::Seen;

namespace {

Endpoint client(uint32_t n) {
  return endpoint(0xc6336400 + (n >> 12), static_cast<uint16_t>(1024 + (n & 0xfff)));
}

bool all(const Connection&, State, const void*) { return true; }
bool established(const Connection&, State s, const void*) { return s == State::established; }

// A whole walk, `most` at a time.
std::vector<Seen> walk(const ConnectionTable& table, ConnectionTable::Wanted wanted, std::size_t most = 10) {
  std::vector<Seen> found;
  for (uint32_t at = 0; at < table.capacity();) {
    const std::size_t before = found.size();
    at = table.browse(at, 100, most, wanted, nullptr, found);
    CHECK(found.size() <= before + most + 31);
  }
  return found;
}

std::multiset<Endpoint> clients(const std::vector<Seen>& found) {
  std::multiset<Endpoint> set;
  for (const Seen& s : found) set.insert(s.connection->client());
  return set;
}

}  // namespace

TEST_CASE("A walk over the table meets each connection once", "[conn]") {
  TableFixture t(1000);
  CHECK(walk(t.table, all).empty());
  std::multiset<Endpoint> wanted;
  for (uint32_t i = 0; i < 700; ++i) {
    t.insert(client(i), kWeb, kServer1, i % 7 == 0 ? State::syn_recv : State::established, i);
    if (i % 7 != 0 && i % 5 != 0) wanted.insert(client(i));
  }
  for (uint32_t i = 0; i < 700; i += 5) REQUIRE(t.erase(client(i)));
  CHECK(walk(t.table, all).size() == 560);
  const std::vector<Seen> found = walk(t.table, established);
  CHECK(clients(found) == wanted);
  for (const Seen& s : found) {
    CHECK(s.state_word == (state_word(State::established, 0) | uint32_t{kWritten} << 8));
    CHECK(client(s.last_seen) == s.connection->client());
  }
}

TEST_CASE("What is not in the table is not met: free, prepared, erased and lost entries", "[conn]") {
  TableFixture t(100);
  t.insert(client(1));
  Connection* prepared = t.table.allocate(0);
  TableFixture::fill(*prepared, client(2), kWeb, kServer1, State::established, 0);
  CHECK(t.outcome(client(1)) == ConnectionTable::Inserted::exists);
  t.insert(client(3));
  CHECK(t.erase(client(3)));
  CHECK(clients(walk(t.table, all)) == std::multiset<Endpoint>{client(1)});
  t.settle();
  t.insert(client(4));
  CHECK(clients(walk(t.table, all)) == std::multiset<Endpoint>{client(1), client(4)});
  t.table.release(0, prepared);
}

TEST_CASE("A walk ends in a full table, and stops where it is told to", "[conn]") {
  TableFixture t(64);
  for (uint32_t i = 0; i < 64; ++i) t.insert(client(i));
  std::vector<Seen> found;
  CHECK(t.table.browse(0, 10, 1000, all, nullptr, found) == 10);
  CHECK(found.size() == 10);
  CHECK(t.table.browse(10, 1000, 0, all, nullptr, found) == 10);
  CHECK(t.table.browse(10, ~uint32_t{0}, 1000, all, nullptr, found) == 64);
  CHECK(found.size() == 64);
  CHECK(t.table.browse(64, 10, 10, all, nullptr, found) == 64);
}
