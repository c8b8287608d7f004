#include "service/routes.h"

#include <random>

#include <catch2/catch.hpp>

#include "service/address_table.h"

using namespace steelyard;

namespace {
Prefix prefix(const char* text, uint8_t length) { return {*parse_ipv4(text), length}; }
}  // namespace

TEST_CASE("the longest prefix wins, and a gateway or the destination itself is the neighbour", "[service]") {
  const Interface out{0, 0}, in{1, 0}, vlan{1, 20};
  const std::vector<Route> routes{
      {prefix("0.0.0.0", 0), out, *parse_ipv4("198.51.100.1")},
      {prefix("10.0.0.0", 8), in, *parse_ipv4("10.0.0.254")},
      {prefix("10.0.0.0", 24), in, {}},
      {prefix("10.0.0.128", 25), vlan, {}},
      {prefix("10.66.0.0", 16), {kNowhere, 0}, {}},
      {prefix("255.255.255.255", 32), vlan, {}},
  };
  const std::vector<Neighbour> neighbours{
      {out, *parse_ipv4("198.51.100.1"), 1},     {in, *parse_ipv4("10.0.0.254"), 2},
      {in, *parse_ipv4("10.0.0.7"), 3},          {vlan, *parse_ipv4("10.0.0.200"), 4},
      {vlan, *parse_ipv4("255.255.255.255"), 5},
  };
  const Routes table(routes, neighbours);
  const auto find = [&table](const char* a) { return table.find(*parse_ipv4(a)); };
  CHECK(find("8.8.8.8") == 1);
  CHECK(find("0.0.0.0") == 1);
  CHECK(find("10.9.9.9") == 2);
  CHECK(find("10.0.0.7") == 3);
  CHECK(find("10.0.0.8") == kUnknownNextHop);
  CHECK(find("10.0.0.200") == 4);
  CHECK(find("10.0.1.0") == 2);
  CHECK(find("10.66.1.1") == kUnknownNextHop);
  CHECK(table.route(*parse_ipv4("10.66.1.1")) == nullptr);
  CHECK(find("255.255.255.255") == 5);
  CHECK(find("255.255.255.254") == 1);
  CHECK(Routes{}.find(*parse_ipv4("1.2.3.4")) == kUnknownNextHop);
}

TEST_CASE("flattened routes equal a linear longest-prefix match", "[service]") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Route> routes;
    for (int i = 0; i < 40; ++i) {
      const auto length = static_cast<uint8_t>(random() % 9 * 4);
      Prefix p{Ipv4::from_host(static_cast<uint32_t>(random()) & 0xc3c3c3c3), length};
      p.address = Ipv4::from_host(p.address.host() & p.mask_host());
      bool known = false;
      for (const Route& r : routes) known = known || r.to == p;
      if (!known) routes.push_back({p, {static_cast<uint8_t>(i), 0}, {}});
    }
    const Routes table(routes, {});
    for (int i = 0; i < 200; ++i) {
      const Ipv4 a = Ipv4::from_host(static_cast<uint32_t>(random()) & 0xc3c3c3ff);
      const Route* best = nullptr;
      for (const Route& r : routes)
        if (r.to.contains(a) && (best == nullptr || r.to.length > best->to.length)) best = &r;
      const Route* found = table.route(a);
      CAPTURE(to_string(a));
      REQUIRE((found == nullptr) == (best == nullptr));
      if (best != nullptr) CHECK(found->to == best->to);
    }
  }
}

TEST_CASE("address classes accumulate and unknown addresses have none", "[service]") {
  AddressTable table;
  for (uint32_t i = 0; i < 1000; ++i) table.add(Ipv4::from_host(0x0a000000 + i), kServerAddress);
  table.add(*parse_ipv4("10.0.0.5"), kVirtualAddress);
  table.add({}, kLocalAddress);
  CHECK(table.classes(*parse_ipv4("10.0.0.5")) == (kServerAddress | kVirtualAddress));
  CHECK(table.classes(*parse_ipv4("10.0.3.231")) == kServerAddress);
  CHECK(table.classes(*parse_ipv4("10.0.3.232")) == 0);
  CHECK(table.classes({}) == kLocalAddress);
  CHECK_FALSE(AddressTable{}.is_virtual({}));
}

TEST_CASE("services are found by protocol and endpoint", "[service]") {
  ServiceTable table;
  for (uint16_t i = 0; i < 500; ++i)
    table.add(i % 2 == 0 ? Protocol::tcp : Protocol::udp, {*parse_ipv4("192.0.2.1"), Port::from_host(i)}, i);
  CHECK(table.find(Protocol::tcp, {*parse_ipv4("192.0.2.1"), Port::from_host(80)}) == uint16_t{80});
  CHECK_FALSE(table.find(Protocol::udp, {*parse_ipv4("192.0.2.1"), Port::from_host(80)}));
  CHECK_FALSE(table.find(Protocol::tcp, {*parse_ipv4("192.0.2.2"), Port::from_host(80)}));
}
