#include <vector>

#include <catch2/catch.hpp>

#include "table_fixture.h"

using namespace steelyard;
using Inserted = ConnectionTable::Inserted;

namespace {

constexpr uint32_t kClients = 100'000;

uint32_t refused(const std::vector<Endpoint>& clients, std::array<uint64_t, 2> seed) {
  TableFixture t(kClients, seed);
  uint32_t count = 0;
  for (const Endpoint c : clients) count += t.outcome(c) == Inserted::inserted ? 0 : 1;
  return count;
}

// Clients both of whose buckets under a known seed are in the first eighth of the index.
std::vector<Endpoint> aimed_at(std::array<uint64_t, 2> seed) {
  const conn::KeyedHash hash(seed);
  const uint64_t buckets = conn::bucket_count(kClients);
  std::vector<Endpoint> found;
  for (uint32_t n = 0; found.size() < kClients; ++n) {
    const Endpoint c = endpoint(0x0b000000 + (n >> 15), static_cast<uint16_t>(n & 0x7fff));
    const uint64_t h = hash(c, Protocol::tcp);
    if (conn::home_bucket(h, buckets) < buckets / 8 && conn::other_bucket(h, buckets) < buckets / 8)
      found.push_back(c);
  }
  return found;
}

}  // namespace

TEST_CASE("100,000 clients chosen to collide under a hash they know do not under the keyed one", "[conn]") {
  const auto clients = aimed_at({0, 0});
  CHECK(refused(clients, {0, 0}) > kClients / 2);  // they do collide where the seed is known
  CHECK(refused(clients, {0x243f6a8885a308d3, 0x13198a2e03707344}) == 0);
  CHECK(refused(clients, {0, 1}) == 0);
  CHECK(refused(clients, {1, 0}) == 0);
}

TEST_CASE("100,000 clients in patterns that defeat simple hashes do not collide", "[conn]") {
  std::vector<Endpoint> same_sum, same_xor, one_port;
  for (uint32_t n = 0; n < kClients; ++n) {
    const auto port = static_cast<uint16_t>(n & 0xffff);
    const uint32_t block = 0x0b000000 + (n >> 16 << 20);
    same_sum.push_back(endpoint(block + 0xffff - port, port));
    same_xor.push_back(endpoint((block + port) ^ uint32_t{port} << 16, port));
    one_port.push_back(endpoint(0x0b000000 + (n << 8), 80));
  }
  CHECK(refused(same_sum, {7, 9}) == 0);
  CHECK(refused(same_xor, {7, 9}) == 0);
  CHECK(refused(one_port, {7, 9}) == 0);
}

TEST_CASE("A key's two buckets differ and cover the index evenly", "[conn]") {
  const uint64_t buckets = GENERATE(2u, 3u, 1009u);
  const conn::KeyedHash hash({5, 6});
  std::vector<uint32_t> home(buckets), other(buckets);
  constexpr uint32_t kEach = 1000;
  const auto samples = static_cast<uint32_t>(buckets * kEach);
  uint32_t same = 0;
  for (uint32_t n = 0; n < samples; ++n) {
    const uint64_t h = hash(endpoint(n, 1), Protocol::udp);
    ++home[conn::home_bucket(h, buckets)];
    ++other[conn::other_bucket(h, buckets)];
    same += conn::home_bucket(h, buckets) == conn::other_bucket(h, buckets) ? 1 : 0;
  }
  CHECK(same == 0);
  for (uint64_t b = 0; b < buckets; ++b) {  // six standard deviations
    REQUIRE(home[b] > kEach - 190);
    REQUIRE(home[b] < kEach + 190);
    REQUIRE(other[b] > kEach - 190);
    REQUIRE(other[b] < kEach + 190);
  }
}
