#include "control/next_hops.h"

#include <catch2/catch.hpp>

using namespace steelyard;
using control::NextHops;

namespace {

const Mac kPortMac = *parse_mac("02:00:00:00:00:01");
const Mac kFirst = *parse_mac("02:00:00:00:00:0a"), kSecond = *parse_mac("02:00:00:00:00:0b");

Ipv4 ip(const char* text) { return *parse_ipv4(text); }

Network network(std::vector<ResolvedNeighbour> neighbours) {
  return {{{{ip("10.0.0.0"), 24}, {0, 0}, {}}, {{ip("0.0.0.0"), 0}, {0, 20}, ip("192.0.2.1")}},
          std::move(neighbours),
          {}};
}

}  // namespace

TEST_CASE("a neighbour keeps its slot while it is known, and a new MAC shows in place", "[control]") {
  NextHops hops;
  const std::vector<PortInfo> ports{{kPortMac, {}, 1500}};
  CHECK(
      hops.update(network({{{0, 0}, ip("10.0.0.11"), kFirst}, {{0, 20}, ip("192.0.2.1"), kSecond}}), ports));
  const NextHopSlot server = hops.routes().find(ip("10.0.0.11"));
  const NextHopSlot gateway = hops.routes().find(ip("8.8.8.8"));
  REQUIRE(server != kUnknownNextHop);
  REQUIRE(gateway != kUnknownNextHop);
  CHECK(hops.slots()[server].destination == kFirst);
  CHECK(hops.slots()[server].source == kPortMac);
  CHECK(hops.slots()[server].vlan == 0);
  CHECK(swap16(hops.slots()[gateway].vlan) == 20);
  CHECK(hops.routes().find(ip("10.0.0.12")) == kUnknownNextHop);

  CHECK_FALSE(
      hops.update(network({{{0, 0}, ip("10.0.0.11"), kSecond}, {{0, 20}, ip("192.0.2.1"), kSecond}}), ports));
  CHECK(hops.routes().find(ip("10.0.0.11")) == server);
  CHECK(hops.slots()[server].destination == kSecond);
}

TEST_CASE("a slot that is taken back and a changed route make connections look again", "[control]") {
  NextHops hops;
  const std::vector<PortInfo> ports{{kPortMac, {}, 1500}};
  hops.update(network({{{0, 0}, ip("10.0.0.11"), kFirst}}), ports);
  const NextHopSlot slot = hops.routes().find(ip("10.0.0.11"));
  CHECK(hops.update(network({}), ports));
  CHECK_FALSE(hops.slots()[slot].usable);
  CHECK(hops.routes().find(ip("10.0.0.11")) == kUnknownNextHop);

  CHECK_FALSE(hops.update(network({{{0, 0}, ip("10.0.0.12"), kSecond}}), ports));  // a new one harms nobody
  CHECK(hops.routes().find(ip("10.0.0.12")) == slot);
  Network other = network({{{0, 0}, ip("10.0.0.12"), kSecond}});
  other.routes.pop_back();
  CHECK(hops.update(other, ports));
}

TEST_CASE("neighbours on ports that do not exist are left out", "[control]") {
  NextHops hops;
  const std::vector<PortInfo> ports{{kPortMac, {}, 1500}};
  hops.update(network({{{7, 0}, ip("10.0.0.11"), kFirst}}), ports);
  CHECK(hops.slots().size() == 1);
}

TEST_CASE("epochs wrap past the two that are no snapshot's", "[control]") {
  CHECK(control::next_epoch(1) == 2);
  CHECK(control::next_epoch(kEpochBusy - 1) == 1);
  CHECK(control::next_epoch(kEpochBusy) == 1);
}
