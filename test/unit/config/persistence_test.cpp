#include <catch2/catch.hpp>

#include "told.h"

using namespace steelyard;
using namespace std::chrono_literals;
using config::tell;
using config::Told;

namespace {
const std::string kPorts = "ports: [{name: a, device: net_null0, addresses: [10.0.0.1/24]}]\n";

// One service a line, from line 3 on.
std::string services(std::initializer_list<std::string> lines) {
  std::string text = kPorts + "services:\n";
  for (const std::string& line : lines) text += "- {" + line + "}\n";
  return text;
}
const std::string kWeb =
    "name: web, address: 203.0.113.1, port: 80, servers: [{address: 10.0.0.2, port: 80}]";
const std::string kSafe =
    "name: safe, address: 203.0.113.1, port: 443, servers: [{address: 10.0.0.2, port: 443}]";

struct Row {
  std::string text;
  std::vector<std::string> errors;
};
}  // namespace

TEST_CASE("persistence and one_packet arrive in their structs", "[config][persistence]") {
  const Told told = tell(services({
      kWeb + ", persistence: {}",
      kSafe + ", persistence: {timeout: 90s, netmask: 255.255.255.0, group: shop}",
      "name: all, address: 203.0.113.2, port: 0, persistence: {netmask: 16}, servers: [{address: 10.0.0.2}, "
      "{address: 10.0.0.3, port: 0}]",
      "name: dns, address: 203.0.113.1, port: 53, protocol: udp, one_packet: true, servers: [{address: "
      "10.0.0.2, port: 53}]",
  }));
  REQUIRE(told.errors.empty());
  const auto& s = told.config.services;
  CHECK(s.at(0).persistence->timeout == 300s);
  CHECK(s.at(0).persistence->prefix == 32);
  CHECK(s.at(0).persistence->group.empty());
  CHECK(s.at(1).persistence->timeout == 90s);
  CHECK(s.at(1).persistence->prefix == 24);
  CHECK(s.at(1).persistence->group == "shop");
  CHECK(s.at(2).persistence->prefix == 16);
  CHECK(s.at(2).address.port.host() == 0);
  CHECK(s.at(2).servers.at(0).address.port.host() == 0);
  CHECK_FALSE(s.at(3).persistence);
  CHECK(s.at(3).one_packet);
  CHECK(told.warnings ==
        std::vector<std::string>{"4:105: the persistence group \"shop\" has no service but \"safe\""});
}

TEST_CASE("what is wrong with persistence and one_packet is told at its place", "[config][persistence]") {
  const std::string all = "name: all, address: 203.0.113.2, port: 0, persistence: {}, ";
  const std::string dns = "name: dns, address: 203.0.113.1, port: 53, protocol: udp, one_packet: true, ";
  const std::vector<Row> rows{
      {services({kWeb + ", persistence: {netmask: 255.0.255.0}"}),
       {"3:112: netmask is \"255.0.255.0\"; allowed: a netmask such as 255.255.255.0, or its length from 1 "
        "to "
        "32"}},
      {services({kWeb + ", persistence: {netmask: 0}"}),
       {"3:112: netmask is \"0\"; allowed: a netmask such as 255.255.255.0, or its length from 1 to 32"}},
      {services({kWeb + ", persistence: {timeout: 100ms}"}),
       {"3:112: timeout is \"100ms\"; allowed: a time with its unit (ms, s, m, h) from 1s to 720h"}},
      {services({"name: all, address: 203.0.113.2, port: 0, servers: [{address: 10.0.0.2, port: 80}]"}),
       {"3:43: port 0 stands for all ports and needs persistence; allowed: 1 to 65535, or 0 in a service "
        "with "
        "the key \"persistence\""}},
      {services({all + "servers: [{address: 10.0.0.2, port: 80}]"}),
       {"3:99: port is 80; allowed: 0 or no port, since a service of port 0 keeps the client's"}},
      {services({all + "health: {tcp: {}}, servers: [{address: 10.0.0.2}]"}),
       {"3:92: a server of a service of port 0 is checked at no port; allowed: health with a port"}},
      {services({all + "servers: [{address: 203.0.113.1}]", kWeb}),
       {"3:73: the server 203.0.113.1:0 is itself the service in line 4; allowed: a real server"}},
      {services({all + "servers: [{address: 10.0.0.2}]",
                 "name: web, address: 203.0.113.1, port: 80, servers: [{address: 203.0.113.2, port: 80}]"}),
       {"4:57: the server 203.0.113.2:80 is itself the service in line 3; allowed: a real server"}},
      {services({kWeb + ", one_packet: true"}),
       {"3:101: one_packet is true in a tcp service; allowed: false, or true with protocol: udp"}},
      {services({kWeb + ", persistence: {group: shop}", kSafe + ", persistence: {group: shop, netmask: 24}"}),
       {"4:105: the persistence group \"shop\" has timeout 5m and netmask 32 in line 3, here 5m and 24; "
        "allowed: "
        "the same in all its services"}},
      {services({"name: web, address: 203.0.113.1, port: 80, persistence: {group: shop}, servers: [{address: "
                 "10.0.0.2, port: 80}, {address: 10.0.0.2, port: 81}]"}),
       {"3:116: in a service of a persistence group the server address 10.0.0.2 is already used in line 3"}},
      {services(
           {dns + "servers: [{address: 10.0.0.2, port: 53}]",
            "name: ntp, address: 203.0.113.1, port: 123, protocol: udp, servers: [{address: 10.0.0.2, port: "
            "53}]"}),
       {"3:90: the server 10.0.0.2:53 of a one_packet service is also one of \"ntp\" (line 4), and its "
        "answers "
        "would be taken for either's; allowed: a server that no other udp service has"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Told told = tell(row.text);
    CHECK(told.errors == row.errors);
    CHECK_FALSE(told.loaded);
  }
}

TEST_CASE("services of a group with other servers are a warning", "[config][persistence]") {
  const Told told = tell(services({kWeb + ", persistence: {group: shop}",
                                   "name: safe, address: 203.0.113.1, port: 443, persistence: {group: shop}, "
                                   "servers: [{address: 10.0.0.3, port: 443}]"}));
  CHECK(told.errors.empty());
  CHECK(told.warnings == std::vector<std::string>{
                             "4:62: \"web\" and \"safe\" of the persistence group \"shop\" have servers of "
                             "different addresses: clients change servers between them"});
}
