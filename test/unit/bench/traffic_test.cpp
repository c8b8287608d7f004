#include "datapath/traffic.h"

#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "datapath/rig.h"
#include "frames.h"
#include "net/checksum.h"
#include "net/headers.h"
#include "replay/verify.h"

using namespace steelyard;
using namespace steelyard::bench;

namespace {

std::vector<uint8_t> servers(std::size_t flows) {
  std::vector<uint8_t> server_of(flows);
  for (std::size_t f = 0; f < flows; ++f) server_of[f] = static_cast<uint8_t>(f % kServers);
  return server_of;
}

std::vector<Spec> traffic(std::size_t flows, Order order, std::size_t most = 100'000, Ratio ratio = {}) {
  return established_traffic(servers(flows), order, {}, ratio, most, 1);
}

bool is_reply(const Spec& s) { return s.port == kInside; }

}  // namespace

TEST_CASE("The NIC's frames are whole, with right checksums", "[bench]") {
  const Sizes sizes = GENERATE(Sizes{}, Sizes{.imix = true}, Sizes{.fixed = 1514}, Sizes{.fixed = 61});
  const auto specs = established_traffic(servers(500), Order::random, sizes, {}, 1 << 20, 1);
  const auto list = frames(specs, kOwnMacs, {kGatewayMac, server_mac(0)});
  REQUIRE(list.size() == 1000);
  for (std::size_t i = 0; i < list.size(); ++i) {
    CHECK(list[i].size() == specs[i].length);
    CHECK(ipv4_checksum_ok(list[i].data() + 14));
    CHECK(replay::checksums_right(list[i]));
  }
  Frame damaged = list.front();  // so that the check itself is known to see something
  damaged.back() ^= 1;
  CHECK_FALSE(replay::checksums_right(damaged));
}

TEST_CASE("A loop begins again, a single play ends", "[bench]") {
  const auto specs = traffic(20, Order::sequential);
  MemoryNic nic(buffers(), kOwnMacs, {kGatewayMac, server_mac(0)});
  std::array<rte_mbuf*, 32> packets{};
  nic.load(specs, false);
  CHECK(nic.receive(packets.data(), 32) == 32);
  nic.free(packets.data(), 32);
  CHECK(nic.receive(packets.data(), 32) == 8);
  nic.free(packets.data(), 8);
  CHECK(nic.receive(packets.data(), 32) == 0);
  nic.load(specs, true);
  for (const uint16_t n : std::array<uint16_t, 4>{32, 8, 32, 8}) {
    CHECK(nic.receive(packets.data(), 32) == n);
    nic.send(0, packets.data(), n);
  }
  CHECK(nic.sent() == 80);
  CHECK(nic.other() == 40);
}

TEST_CASE("Every flow has one request and one reply", "[bench]") {
  const Order order = GENERATE(Order::random, Order::sequential);
  std::map<uint32_t, unsigned> requests, replies;
  const auto specs = traffic(1000, order);
  for (const Spec& s : specs) ++(is_reply(s) ? replies : requests)[s.flow];
  CHECK(requests.size() == 1000);
  CHECK(requests == replies);
  CHECK(specs.size() == 2000);
}

TEST_CASE("Requests go to the virtual address, replies come from the flow's server", "[bench]") {
  for (const Spec& s : traffic(100, Order::random)) {
    const Endpoint client = client_endpoint(s.flow);
    const Endpoint other = is_reply(s) ? server_endpoint(s.flow % kServers) : kVirtual;
    CHECK(Endpoint{s.source, s.source_port} == (is_reply(s) ? other : client));
    CHECK(Endpoint{s.destination, s.destination_port} == (is_reply(s) ? client : other));
  }
}

TEST_CASE("Clients' endpoints differ from flow to flow", "[bench]") {
  std::set<Endpoint> seen;
  for (uint32_t flow = 0; flow < 10'000; ++flow) seen.insert(client_endpoint(flow));
  CHECK(seen.size() == 10'000);
}

TEST_CASE("Traffic has a bound, and is a sample of flows then", "[bench]") {
  const Order order = GENERATE(Order::random, Order::sequential, Order::zipf);
  const auto specs = traffic(100'000, order, 1000);
  CHECK(specs.size() == 1000);
  const auto replies = std::ranges::count_if(specs, is_reply);
  CHECK(replies > 400);
  CHECK(replies < 600);
}

TEST_CASE("Zipf favours few flows", "[bench]") {
  const auto specs = traffic(1000, Order::zipf);
  const auto first = std::ranges::count_if(specs, [](const Spec& s) { return s.flow == 0; });
  const auto last = std::ranges::count_if(specs, [](const Spec& s) { return s.flow == 998; });
  CHECK(first > 20 * (last + 1));
}

TEST_CASE("With affinity, one worker has all packets of a flow", "[bench]") {
  const auto all = traffic(1000, Order::random);
  std::array<std::set<uint32_t>, 3> flows;
  std::size_t packets = 0;
  for (unsigned w = 0; w < 3; ++w) {
    const auto share = share_of(all, w, 3, true);
    packets += share.size();
    for (const Spec& s : share) flows[w].insert(s.flow);
    CHECK(share.size() > all.size() / 4);
  }
  CHECK(packets == all.size());
  CHECK(flows[0].size() + flows[1].size() + flows[2].size() == 1000);
}

TEST_CASE("Without affinity, packets of a flow come to any worker, each to one", "[bench]") {
  const auto all = traffic(1000, Order::random);
  std::array<std::set<uint32_t>, 2> flows;
  std::size_t packets = 0;
  for (unsigned w = 0; w < 2; ++w) {
    const auto share = share_of(all, w, 2, false);
    packets += share.size();
    for (const Spec& s : share) flows[w].insert(s.flow);
  }
  CHECK(packets == all.size());
  CHECK(flows[0].size() + flows[1].size() > 1200);
}

TEST_CASE("The ratio of requests to replies is kept, also in a sample", "[bench]") {
  const Order order = GENERATE(Order::random, Order::sequential, Order::zipf);
  const std::size_t flows = GENERATE(std::size_t{100}, std::size_t{100'000});
  const auto specs = traffic(flows, order, 10'000, {3, 1});
  const auto replies = static_cast<std::size_t>(std::ranges::count_if(specs, is_reply));
  CHECK(replies > specs.size() / 5);
  CHECK(replies < specs.size() * 3 / 10);
  CHECK(std::ranges::none_of(traffic(100, order, 10'000, {1, 0}), is_reply));
}

TEST_CASE("Churn is whole connections", "[bench]") {
  std::vector<Spec> specs;
  append_churn(specs, 0, 1500);
  CHECK(specs.size() == 1500 * 8);
  std::map<uint32_t, std::vector<uint8_t>> flags;
  for (const Spec& s : specs) flags[s.flow].push_back(s.flags);
  for (const auto& [flow, list] : flags) {
    CHECK(list.front() == kSyn);
    CHECK(list.size() == 8);
  }
}
