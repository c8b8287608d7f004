#include "kernel/view.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <linux/neighbour.h>

using namespace steelyard;
using namespace steelyard::kernel;

namespace {

const Interface kOut{0, 0}, kIn{1, 0}, kVlan{1, 20};
const std::vector<KernelInterface> kInterfaces{{10, kOut}, {11, kIn}, {12, kVlan}};
const Mac kMac{{2, 0, 0, 0, 0, 1}}, kOther{{2, 0, 0, 0, 0, 2}};

Ipv4 ip(const char* text) { return *parse_ipv4(text); }

RouteMessage route(const char* to, uint8_t length, uint32_t metric, int ifindex,
                   const char* gateway = "0.0.0.0") {
  return {false, Placing::last, {ip(to), length}, metric, {ifindex, ip(gateway)}};
}
RouteMessage removed(RouteMessage m) {
  m.removed = true;
  return m;
}
RouteMessage placed(RouteMessage m, Placing p) {
  m.placing = p;
  return m;
}
NeighbourMessage neighbour(const char* address, uint16_t state, Mac mac = kMac, int ifindex = 11) {
  return {false, ifindex, ip(address), mac, state, false};
}

// The one route of the network, as "port.vlan via gateway"; "" if there is none, "nowhere" if it leads there.
std::string only(const View& view) {
  const Network n = view.network();
  if (n.routes.empty()) return "";
  REQUIRE(n.routes.size() == 1);
  const steelyard::Route& r = n.routes.front();
  if (r.via.port == kNowhere) return "nowhere";
  return fmt::format("{}.{} via {}", r.via.port, r.via.vlan, r.gateway);
}

}  // namespace

TEST_CASE("of the routes to one prefix the lowest metric counts", "[kernel]") {
  View view(kInterfaces);
  CHECK(view.apply(route("10.0.0.0", 8, 100, 10, "198.51.100.1")).routes);
  CHECK_FALSE(view.apply(route("10.0.0.0", 8, 200, 11)).routes);
  CHECK(only(view) == "0.0 via 198.51.100.1");
  CHECK(view.apply(route("10.0.0.0", 8, 50, 12, "10.0.0.9")).routes);
  CHECK(only(view) == "1.20 via 10.0.0.9");
  CHECK(view.apply(removed(route("10.0.0.0", 8, 50, 12, "10.0.0.9"))).routes);
  CHECK(view.apply(removed(route("10.0.0.0", 8, 100, 10, "198.51.100.1"))).routes);
  CHECK(only(view) == "1.0 via 0.0.0.0");
  CHECK(view.apply(removed(route("10.0.0.0", 8, 200, 11))).routes);
  CHECK(only(view).empty());
  CHECK_FALSE(view.apply(removed(route("10.0.0.0", 8, 200, 11))));
}

TEST_CASE("a replaced, appended or prepended route takes the kernel's place among equals", "[kernel]") {
  View view(kInterfaces);
  view.apply(route("10.0.0.0", 8, 0, 10, "198.51.100.1"));
  CHECK_FALSE(view.apply(route("10.0.0.0", 8, 0, 10, "198.51.100.2")).routes);
  CHECK(view.apply(placed(route("10.0.0.0", 8, 0, 10, "198.51.100.3"), Placing::first)).routes);
  CHECK(only(view) == "0.0 via 198.51.100.3");
  CHECK(view.apply(placed(route("10.0.0.0", 8, 0, 11), Placing::replace)).routes);
  CHECK(only(view) == "1.0 via 0.0.0.0");
  view.apply(removed(route("10.0.0.0", 8, 0, 11)));
  CHECK(only(view) == "0.0 via 198.51.100.1");
  // Known under another next hop than it is removed under: the metric decides.
  view.apply(removed(route("10.0.0.0", 8, 0, 12)));
  CHECK(only(view) == "0.0 via 198.51.100.2");
  CHECK(view.apply(placed(route("10.1.0.0", 16, 0, 11), Placing::replace)).routes);
  CHECK(view.network().routes.size() == 2);
}

TEST_CASE("a route that is none of ours leads nowhere instead of giving way to shorter prefixes",
          "[kernel]") {
  View view(kInterfaces);
  CHECK(view.apply(route("10.1.0.0", 16, 0, 99, "192.168.0.1")).routes);
  CHECK(only(view) == "nowhere");
  // From one foreign interface to another, or to a blackhole: nothing that packets could notice.
  CHECK_FALSE(view.apply(placed(route("10.1.0.0", 16, 0, 0), Placing::replace)).routes);
  CHECK(only(view) == "nowhere");
}

TEST_CASE("the kernel's way to an address is its longest prefix, and ours only if its interface is",
          "[kernel]") {
  View view(kInterfaces);
  CHECK(view.way_to(ip("10.0.0.1")) == nullptr);
  view.apply(route("0.0.0.0", 0, 0, 99, "192.0.2.1"));  // over a management network
  view.apply(route("10.0.0.0", 8, 0, 11));
  view.apply(route("10.0.0.0", 24, 0, 12, "10.9.0.1"));
  view.apply(route("10.0.0.7", 32, 0, 0));  // a blackhole
  const auto way = [&view](const char* to) {
    const Interface* i = view.way_to(ip(to));
    return i == nullptr ? std::string("none") : fmt::format("{}.{}", i->port, i->vlan);
  };
  CHECK(way("10.0.0.1") == "1.20");
  CHECK(way("10.0.1.1") == "1.0");
  CHECK(way("10.0.0.7") == "none");
  CHECK(way("11.0.0.1") == "none");
  view.apply(removed(route("10.0.0.0", 24, 0, 12, "10.9.0.1")));
  CHECK(way("10.0.0.1") == "1.0");
}

TEST_CASE("a neighbour is usable while the kernel has a MAC for it", "[kernel]") {
  for (const uint16_t state : std::initializer_list<uint16_t>{NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE,
                                                              NUD_PERMANENT, NUD_NOARP}) {
    View view(kInterfaces);
    CAPTURE(state);
    CHECK(view.apply(neighbour("10.0.0.7", state)).neighbours);
    CHECK(view.network().neighbours == std::vector<ResolvedNeighbour>{{kIn, ip("10.0.0.7"), kMac}});
  }
  for (const uint16_t state : std::initializer_list<uint16_t>{NUD_INCOMPLETE, NUD_FAILED, NUD_NONE}) {
    View view(kInterfaces);
    CAPTURE(state);
    CHECK_FALSE(view.apply(neighbour("10.0.0.7", state)));
    CHECK(view.network().neighbours.empty());
    CHECK(view.neighbour(11, ip("10.0.0.7")) != nullptr);
  }
  View view(kInterfaces);
  CHECK_FALSE(view.apply(neighbour("224.0.0.5", NUD_NOARP, {{1, 0, 0x5e, 0, 0, 5}})));
  CHECK_FALSE(view.apply(neighbour("10.0.0.7", NUD_NOARP, {})));
  CHECK_FALSE(view.apply(neighbour("10.0.0.7", NUD_REACHABLE, kMac, 99)));
  CHECK(view.network().neighbours.empty());
}

TEST_CASE("only what packets would notice counts as a change of a neighbour", "[kernel]") {
  View view(kInterfaces);
  view.apply(neighbour("10.0.0.7", NUD_REACHABLE));
  CHECK_FALSE(view.apply(neighbour("10.0.0.7", NUD_STALE)));
  CHECK(view.apply(neighbour("10.0.0.7", NUD_STALE, kOther)).neighbours);
  CHECK(view.apply(neighbour("10.0.0.7", NUD_FAILED, {})).neighbours);
  CHECK_FALSE(view.apply(neighbour("10.0.0.7", NUD_FAILED, {})));
  NeighbourMessage gone = neighbour("10.0.0.7", NUD_FAILED);
  gone.removed = true;
  CHECK_FALSE(view.apply(gone));
  CHECK(view.neighbour(11, ip("10.0.0.7")) == nullptr);
}

TEST_CASE("local addresses are counted once and loopback ones not at all", "[kernel]") {
  View view(kInterfaces);
  CHECK(view.apply(AddressMessage{false, 10, ip("198.51.100.2"), 24}).local);
  CHECK(view.apply(AddressMessage{false, 99, ip("198.51.100.2"), 32}).local);
  CHECK_FALSE(view.apply(AddressMessage{false, 1, ip("127.0.0.1"), 8}));
  CHECK(view.network().local == std::vector<Ipv4>{ip("198.51.100.2")});
  CHECK(view.apply(AddressMessage{true, 10, ip("198.51.100.2"), 24}).local);
  CHECK(view.network().local == std::vector<Ipv4>{ip("198.51.100.2")});
  CHECK_FALSE(view.apply(AddressMessage{true, 10, ip("198.51.100.2"), 24}));
}

TEST_CASE("a dump drops what neither it nor a notification named", "[kernel]") {
  View view(kInterfaces);
  view.apply(route("10.1.0.0", 16, 0, 11));
  view.apply(route("10.2.0.0", 16, 0, 11));
  view.apply(route("10.3.0.0", 16, 100, 11));
  view.apply(route("10.3.0.0", 16, 200, 12));
  view.apply(neighbour("10.0.0.1", NUD_STALE));
  view.apply(neighbour("10.0.0.2", NUD_STALE));
  view.apply(AddressMessage{false, 10, ip("198.51.100.2"), 24});

  view.begin(Part::routes);
  CHECK_FALSE(view.apply(route("10.1.0.0", 16, 0, 11)));
  CHECK(view.apply(route("10.4.0.0", 16, 0, 11)).routes);  // notified while the dump was under way
  CHECK_FALSE(view.apply(route("10.3.0.0", 16, 200, 12)));
  CHECK(view.network().routes.size() == 4);  // still usable
  CHECK(view.end(Part::routes).routes);
  Network n = view.network();
  std::ranges::sort(n.routes, {}, [](const auto& r) { return r.to.address; });
  REQUIRE(n.routes.size() == 3);
  CHECK(n.routes[1].to.address == ip("10.3.0.0"));
  CHECK(n.routes[1].via == kVlan);
  CHECK(n.routes[2].to.address == ip("10.4.0.0"));

  view.begin(Part::neighbours);
  view.apply(neighbour("10.0.0.2", NUD_STALE));
  CHECK(view.end(Part::neighbours).neighbours);
  CHECK(view.network().neighbours == std::vector<ResolvedNeighbour>{{kIn, ip("10.0.0.2"), kMac}});

  view.begin(Part::addresses);
  CHECK(view.end(Part::addresses).local);
  CHECK(view.network().local.empty());
  for (const Part part : {Part::routes, Part::addresses}) {
    view.begin(part);
    if (part == Part::routes)
      for (const auto& r :
           {route("10.1.0.0", 16, 0, 11), route("10.3.0.0", 16, 200, 12), route("10.4.0.0", 16, 0, 11)})
        view.apply(r);
    CHECK_FALSE(view.end(part));  // a second dump of the same changes nothing
  }
}
