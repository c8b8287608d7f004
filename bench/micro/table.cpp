// The connection table's operations, on a table of a million connections: larger than any cache.
#include "conn/table.h"

#include <algorithm>
#include <memory>
#include <random>

#include <catch2/catch.hpp>

#include "datapath/traffic.h"

using namespace steelyard;
using namespace steelyard::bench;

namespace {

constexpr uint32_t kConnections = 1'000'000, kPiece = 1024;

// Full but for room for new ones; flows are numbered as in the benchmark's traffic.
class FullTable {
 public:
  FullTable() : grace_(2), table_({.capacity = kConnections + (1 << 20), .hash_seed = {3, 4}}, grace_) {
    grace_.register_thread(0);
    grace_.online(0);
    for (uint32_t flow = 0; flow < kConnections; ++flow) opened_ += insert(flow);
  }
  ~FullTable() { grace_.unregister_thread(0); }
  FullTable(const FullTable&) = delete;
  FullTable& operator=(const FullTable&) = delete;

  uint32_t opened() const noexcept { return opened_; }
  ConnectionTable& table() noexcept { return table_; }

  bool insert(uint32_t flow) noexcept {
    Connection* c = table_.allocate(0);
    if (c == nullptr) return false;
    const Endpoint client = client_endpoint(flow), server = server_endpoint(flow % kServers);
    c->client_address = client.address, c->client_port = client.port;
    c->protocol = Protocol::tcp;
    c->half[0].address = kVirtual.address, c->half[0].port = kVirtual.port;
    c->half[1].address = server.address, c->half[1].port = server.port;
    c->state_word.store(state_word(State::established, 0), std::memory_order_relaxed);
    return table_.insert(0, c, table_.hash(client, Protocol::tcp)).outcome ==
           ConnectionTable::Inserted::inserted;
  }
  Connection* find(uint32_t flow) noexcept {
    const FlowKey key{client_endpoint(flow), kVirtual, Protocol::tcp, Direction::inbound};
    return table_.find(key, table_.hash(key.client, key.protocol));
  }
  bool erase(uint32_t flow) noexcept {
    uint32_t last = 0;
    Connection* c = find(flow);
    return c != nullptr && table_.erase(c, &last, 0);
  }
  void settle() noexcept {
    for (int i = 0; i < 3; ++i) {
      table_.reclaim();
      grace_.quiescent(0);
    }
  }

 private:
  GracePeriods grace_;
  ConnectionTable table_;
  uint32_t opened_ = 0;
};

FullTable& full_table() {
  static FullTable table;
  return table;
}

// Requests and replies of random connections, as find() gets them.
std::vector<Packet> random_packets(ConnectionTable& table, std::size_t n) {
  std::mt19937_64 random(1);
  std::vector<Packet> packets(n);
  for (Packet& p : packets) {
    const auto flow = static_cast<uint32_t>(random() % kConnections);
    const bool reply = random() % 2 == 1;
    p.kind = PacketKind::flow;
    p.key = {client_endpoint(flow), reply ? server_endpoint(flow % kServers) : kVirtual, Protocol::tcp,
             reply ? Direction::outbound : Direction::inbound};
    table.prepare(p);
  }
  return packets;
}

// What comes after the flows that are there; `runs` pieces of it.
constexpr uint32_t first_of(int run) noexcept { return kConnections + static_cast<uint32_t>(run) * kPiece; }

}  // namespace

TEST_CASE("find", "[table]") {
  FullTable& full = full_table();
  REQUIRE(full.opened() == kConnections);
  std::vector<Packet> packets = random_packets(full.table(), 1 << 16);
  full.table().find(packets);
  REQUIRE(std::ranges::all_of(packets, [](const Packet& p) { return p.connection != nullptr; }));
  std::size_t at = 0;
  BENCHMARK("find, a batch of 32 of a million") {
    const std::span batch(packets.data() + at, kBatchSize);
    for (Packet& p : batch) full.table().prepare(p);
    full.table().find(batch);
    at = (at + kBatchSize) % packets.size();
    return batch.front().connection;
  };
}

TEST_CASE("insert and erase", "[table]") {
  FullTable& full = full_table();
  bool right = true;
  const auto piece = [&](int run, auto&& each) {
    for (uint32_t flow = first_of(run); flow < first_of(run + 1); ++flow) right = each(flow) && right;
  };
  const auto insert = [&](int run) { piece(run, [&](uint32_t flow) { return full.insert(flow); }); };
  const auto erase = [&](int run) { piece(run, [&](uint32_t flow) { return full.erase(flow); }); };
  BENCHMARK_ADVANCED("insert, 1,024 connections into a million")(Catch::Benchmark::Chronometer meter) {
    meter.measure(insert);
    for (int run = 0; run < meter.runs(); ++run) erase(run);
    full.settle();
  };
  BENCHMARK_ADVANCED("erase with its look-up, 1,024 of a million")(Catch::Benchmark::Chronometer meter) {
    for (int run = 0; run < meter.runs(); ++run) insert(run);
    meter.measure(erase);
    full.settle();
  };
  CHECK(right);
}

TEST_CASE("sweep", "[table]") {
  FullTable& full = full_table();
  const auto never = [](const Connection&, State, const void*) { return Ticks{1} << 30; };
  const auto nothing = [](const ConnectionTable::Expired&, void*) {};
  const ConnectionTable::SweepHooks hooks{never, nullptr, nothing, nullptr};
  uint32_t expired = 0;
  BENCHMARK("sweep, 65,536 slots, nothing due") { return expired += full.table().sweep(1 << 16, 1, hooks); };
  CHECK(expired == 0);
}
