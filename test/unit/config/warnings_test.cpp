#include <catch2/catch.hpp>

#include "told.h"

using namespace steelyard::config;

namespace {
struct Row {
  const char* name;
  std::string text;
  std::vector<std::string> warnings;
};
const std::string kPorts =
    "ports: [{name: a, device: net_null0, addresses: [10.0.0.1/24]}, {name: b, mac: 02:00:00:00:00:01}]\n";
const std::string kService = "services: [{name: web, address: 203.0.113.1, port: 80, ";
const std::string kGood = kService + "servers: [{address: 10.0.0.2, port: 80}]}]\n";
}  // namespace

TEST_CASE("what is only doubtful is a warning at its place", "[config]") {
  const std::vector<Row> rows{
      {"nothing doubtful", kPorts + kGood, {}},
      {"no services", kPorts, {"1:1: no services: nothing is load-balanced"}},
      {"no servers",
       kPorts + kService + "servers: []}]\n",
       {"2:12: the service \"web\" has no servers: all its clients are refused"}},
      {"all weights 0",
       kPorts + kService + "servers: [{address: 10.0.0.2, port: 80, weight: 0}]}]\n",
       {"2:12: all servers of \"web\" have weight 0: all its new clients are refused"}},
      {"server out of reach",
       kPorts + kService + "servers: [{address: 10.0.1.2, port: 80}]}]\n",
       {"2:66: the server 10.0.1.2:80 is in no port's subnet, and no static route leads there"}},
      {"reached by a route",
       kPorts + "routes: [{to: 10.0.1.0/24, via: 10.0.0.9, port: a}]\n" + kService +
           "servers: [{address: 10.0.1.2, port: 80}]}]\n",
       {}},
      {"reached by a neighbour only",
       kPorts + "neighbours: [{address: 10.0.1.2, mac: 02:00:00:00:00:02, port: a}]\n" + kService +
           "servers: [{address: 10.0.1.2, port: 80}]}]\n",
       {"2:14: the neighbour 10.0.1.2 is in no subnet of \"a\""}},
      {"server is the director",
       kPorts + kService + "servers: [{address: 10.0.0.1, port: 80}]}]\n",
       {"2:66: the server 10.0.0.1:80 is the director itself, which serves nothing"}},
      {"gateway out of reach",
       kPorts + "routes: [{to: default, via: 10.0.0.9, port: b}]\n" + kGood,
       {"2:10: the gateway 10.0.0.9 is in no subnet of \"b\""}},
      {"subnets overlap",
       "ports:\n- {name: a, device: net_null0, addresses: [10.0.0.1/16]}\n- {name: b, device: net_null1, "
       "addresses: [10.0.9.1/24]}\n" +
           kGood,
       {"3:44: the subnet of 10.0.9.1/24 on \"b\" overlaps that of 10.0.0.1/16 on \"a\""}},
      {"two addresses in one subnet of one port",
       "ports: [{name: a, device: net_null0, addresses: [10.0.0.1/24, 10.0.0.9/24]}]\n" + kGood,
       {}},
      {"device of an unknown kind",
       "ports: [{name: a, device: eth0, addresses: [10.0.0.1/24]}]\n" + kGood,
       {"1:27: device \"eth0\" is neither a PCI address such as 0000:3b:00.0 nor a vdev such as "
        "net_af_packet0,iface=eth1"}},
      {"a sleeping worker on the control core",
       "director: {control_core: 3, worker_cores: [3], idle: sleep}\n" + kPorts + kGood,
       {"1:44: core 3 is the control core too: they take turns, which costs latency"}},
      {"sloppy UDP",
       kPorts + kService + "protocol: udp, sloppy_tcp: true, servers: [{address: 10.0.0.2, port: 80}]}]\n",
       {"2:83: sloppy_tcp has no effect on a udp service"}},
      {"health checks",
       kPorts + kService +
           "health: {tcp: {}}, when_all_down: use_all, servers: [{address: 10.0.0.2, port: 80}]}]\n",
       {}},
      {"use_all without health checks",
       kPorts + kService + "when_all_down: use_all, servers: [{address: 10.0.0.2, port: 80}]}]\n",
       {"2:12: when_all_down of \"web\" has no effect: no health checks"}},
      {"a timeout beyond the interval",
       kPorts + kService + "health: {tcp: {}, timeout: 3s}, servers: [{address: 10.0.0.2, port: 80}]}]\n",
       {"2:83: timeout 3s is longer than the interval of 2s: a check waits for the one before"}},
      {"more checks than the kernel path takes; equal ones count once",
       "director: {kernel_path: {health: 1}}\n" + kPorts + kService +
           "health: {http: {}}, servers: [{address: 10.0.0.2, port: 80}]}, {name: b, address: 203.0.113.2, "
           "port: "
           "80, health: {http: {}}, servers: [{address: 10.0.0.2, port: 80}]}]\n",
       {"1:1: health checks bring about 2 frames a second; kernel_path allows 1 for health"}},
      {"no health checks",
       kPorts + kService + "health: none, servers: [{address: 10.0.0.2, port: 80}]}]\n",
       {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Told told = tell(row.text);
    CHECK(told.errors == std::vector<std::string>{});
    CHECK(told.warnings == row.warnings);
  }
}

TEST_CASE("a file with errors is not doubted as a whole", "[config]") {
  const Told told = tell("ports: [{name: a, device: net_null0, addresses: [10.0.0.1/240]}]\n" + kGood);
  CHECK(told.errors.size() == 1);
  CHECK(told.warnings == std::vector<std::string>{});
}
