#include "dpdk/rss.h"

#include <array>
#include <random>

#include <catch2/catch.hpp>
#include <rte_ethdev.h>
#include <rte_thash.h>

#include "packets.h"

namespace steelyard::dpdk {
namespace {

using test::ip;

constexpr uint64_t kPlain = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;
constexpr uint64_t kOnly =
    RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY | RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_DST_ONLY;
constexpr uint64_t kSourceOnly = RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY;
constexpr uint64_t kDestinationOnly = RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_DST_ONLY;

struct Flow {
  uint32_t source, destination;  // host byte order
  uint16_t source_port, destination_port;
};

// The queue that hardware would choose: fields that don't count are zero, 128 entries of redirection.
unsigned queue_of(const RssPlan& plan, Flow f, unsigned queues) {
  if ((plan.hash_types & kDestinationOnly) != 0) f.source = 0, f.source_port = 0;
  if ((plan.hash_types & kSourceOnly) != 0) f.destination = 0, f.destination_port = 0;
  std::array<uint32_t, 3> tuple{f.source, f.destination,
                                static_cast<uint32_t>(f.source_port) << 16 | f.destination_port};
  return rte_softrss(tuple.data(), tuple.size(), plan.key.data()) % 128 % queues;
}

unsigned queue_by_rules(const RssPlan& plan, const Flow& f) {
  const uint16_t port = plan.side == Side::client ? f.source_port : f.destination_port;
  unsigned matches = 0, queue = 0;
  for (const PortRule& rule : plan.rules)
    if ((port & rule.mask) == rule.value) ++matches, queue = rule.queue;
  REQUIRE(matches == 1);
  return queue;
}

// Both directions of a connection as they come in: from the client, and from the server to the client.
struct Connection {
  Flow request, reply;
};
Connection random_connection(std::mt19937& random) {
  const auto port = [&] { return static_cast<uint16_t>(random()); };
  const auto client = static_cast<uint32_t>(random()), server = static_cast<uint32_t>(random());
  const uint16_t client_port = port();
  return {{client, 0x0a000001, client_port, 80}, {server, client, port(), client_port}};
}

config::Port port_with(std::string_view address, uint8_t length) {
  config::Port port;
  port.addresses.push_back({ip(address), length, {}});
  return port;
}

}  // namespace

TEST_CASE("With RSS by the client only, both directions meet on one worker", "[rss]") {
  const auto [driver, offloads] = GENERATE(table<const char*, uint64_t>({{"mlx5_pci", kPlain | kOnly},
                                                                         {"net_hns3", kPlain | kOnly},
                                                                         {"net_i40e", kPlain},
                                                                         {"net_ice", kPlain}}));
  const unsigned workers = GENERATE(2U, 3U, 4U, 8U);
  CAPTURE(driver, workers);
  const Capabilities device{driver, offloads, 40, 16};
  const RssPlan outside = plan_rss(device, Side::client, workers),
                inside = plan_rss(device, Side::server, workers);
  CHECK(outside.spread == (offloads == kPlain ? Spread::flow_rss : Spread::rss_conf));
  CHECK(outside.hash_types == (kPlain | kSourceOnly));
  CHECK(inside.hash_types == (kPlain | kDestinationOnly));
  std::mt19937 random(1);
  std::vector<unsigned> load(workers);
  for (int i = 0; i < 20000; ++i) {
    const Connection c = random_connection(random);
    const unsigned queue = queue_of(outside, c.request, workers);
    REQUIRE(queue == queue_of(inside, c.reply, workers));
    ++load[queue];
  }
  for (const unsigned n : load) CHECK(n == Approx(20000.0 / workers).epsilon(0.1));
}

TEST_CASE("With another key they would not meet", "[rss]") {
  const Capabilities device{"mlx5_pci", kPlain | kOnly, 40, 16};
  RssPlan outside = plan_rss(device, Side::client, 4), inside = plan_rss(device, Side::server, 4);
  std::mt19937 random(2);
  for (std::size_t i = 0; i < inside.key.size(); ++i)
    inside.key[i] = outside.key[i] = static_cast<uint8_t>(random());
  int met = 0;
  for (int i = 0; i < 1000; ++i) {
    const Connection c = random_connection(random);
    met += queue_of(outside, c.request, 4) == queue_of(inside, c.reply, 4) ? 1 : 0;
  }
  CHECK(met < 500);
}

TEST_CASE("With flow director, the client's port alone chooses the worker", "[rss]") {
  const unsigned workers = GENERATE(2U, 3U, 4U);
  const Capabilities device{"net_ixgbe", kPlain, 40, 16};
  const RssPlan outside = plan_rss(device, Side::client, workers),
                inside = plan_rss(device, Side::server, workers);
  CHECK(outside.spread == Spread::client_port_rules);
  std::mt19937 random(3);
  std::vector<unsigned> even(workers);
  for (int i = 0; i < 4000; ++i) {
    Connection c = random_connection(random);
    c.request.source_port = c.reply.destination_port = static_cast<uint16_t>(c.request.source_port & ~1);
    const unsigned queue = queue_by_rules(outside, c.request);
    REQUIRE(queue == queue_by_rules(inside, c.reply));
    REQUIRE(queue < workers);
    ++even[queue];
  }
  // Linux clients have even ports: every worker must get some of them.
  for (const unsigned n : even) CHECK(n > 4000 / workers / 2);
}

TEST_CASE("Where the device or the wiring can't, it is plain RSS or none", "[rss]") {
  const Capabilities able{"mlx5_pci", kPlain | kOnly, 40, 16}, plain{"net_virtio", kPlain, 40, 16},
      none{"net_af_packet", 0, 0, 16}, narrow{"mlx5_pci", kPlain | kOnly, 40, 1};
  CHECK(plan_rss(able, Side::both, 4).spread == Spread::plain_rss);
  CHECK(plan_rss(able, Side::both, 4).hash_types == kPlain);
  CHECK(plan_rss(plain, Side::client, 4).spread == Spread::plain_rss);
  CHECK(plan_rss(none, Side::client, 4).spread == Spread::driver);
  CHECK(plan_rss(narrow, Side::client, 4).spread == Spread::one_queue);
  CHECK(plan_rss(able, Side::client, 1).spread == Spread::one_queue);
}

TEST_CASE("A device never gets hash types or a key that it does not have", "[rss]") {
  const uint64_t tcp = RTE_ETH_RSS_NONFRAG_IPV4_TCP;
  const RssPlan plan = plan_rss({"net_x", tcp, 52, 16}, Side::client, 4);
  CHECK(plan.fallback_types == tcp);
  CHECK(plan.key.size() == 52);
  CHECK(plan_rss({"net_i40e", kPlain, 52, 16}, Side::client, 4).fallback_types == kPlain);
  CHECK(plan_rss({"net_x", kPlain, 0, 16}, Side::client, 4).key.size() == 40);
}

TEST_CASE("Every plan has a sentence of its own", "[rss]") {
  CHECK(plan_rss({"mlx5_pci", kPlain | kOnly, 40, 16}, Side::client, 2).sentence() ==
        "RSS by the client only (source address and port)");
  CHECK(plan_rss({"mlx5_pci", kPlain | kOnly, 40, 16}, Side::server, 2).sentence() ==
        "RSS by the client only (destination address and port)");
  CHECK_THAT(plan_rss({"mlx5_pci", kPlain | kOnly, 40, 16}, Side::both, 2).sentence(),
             Catch::Matchers::Contains("one arm"));
}

TEST_CASE("The port whose subnet holds a real server is at the server side", "[rss]") {
  config::Config c;
  c.ports = {port_with("198.51.100.1", 24), port_with("10.0.0.1", 24)};
  c.services.emplace_back().servers.push_back({test::ep("10.0.0.11", 80), 1, {}});
  CHECK(side_of(c, 0) == Side::client);
  CHECK(side_of(c, 1) == Side::server);
  c.ports.pop_back();
  CHECK(side_of(c, 0) == Side::both);
}

}  // namespace steelyard::dpdk
