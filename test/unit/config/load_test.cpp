#include <catch2/catch.hpp>

#include "told.h"

using namespace steelyard;
using namespace std::chrono_literals;
using config::tell;
using config::Told;

namespace {
std::chrono::milliseconds timeout(const config::Service& s, State state) {
  return s.timeouts[static_cast<std::size_t>(state)];
}
std::optional<uint32_t> rate(const config::Director& d, KernelClass c) {
  return d.kernel_rates[static_cast<std::size_t>(c)];
}

constexpr const char* kWhole = R"(
director:
  control_core: 2
  worker_cores: [4, 6]
  connections: 10M
  idle: sleep
  eal: ["--no-huge", "-m", 1024]
  admin_socket: /tmp/s.sock
  admin_group: operators
  kernel_path: {neighbour: 1, routing: 2, health: 3k, icmp: unlimited, local: 5, transit: 6M, other: 7}
  icmp_errors_per_second: unlimited
  resets_per_second: 20k
ports:
  - name: outside
    device: 0000:3b:00.0
    addresses: [198.51.100.2/24]
    vlans: [{id: 20, addresses: [192.0.2.2/25]}]
    mtu: 9000
  - {name: inside, mac: "02:00:00:00:00:0a", addresses: [10.0.0.1/24]}
neighbours:
  - {address: 192.0.2.1, mac: 02:00:00:00:01:01, port: outside, vlan: 20}
routes:
  - {to: default, via: 192.0.2.1, port: outside, vlan: 20}
  - {to: 172.16.0.0/12, via: 10.0.0.254, port: inside}
services:
  - name: web
    address: 203.0.113.10
    port: 80
    protocol: tcp
    scheduler: mh
    scheduler_options: [mh-port]
    timeouts: {established: 1h, fin: 30s, udp: 250ms}
    no_connection: drop
    sloppy_tcp: true
    health: none
    servers:
      - {address: 10.0.0.11, port: 8080, weight: 65535}
      - {address: 172.16.3.4, port: 8081}
  - {name: dns, address: 203.0.113.10, port: 80, protocol: udp, servers: [{address: 10.0.0.11, port: 53}]}
)";
}  // namespace

TEST_CASE("an instance has a socket and interfaces of its own", "[config]") {
  const std::string ports = "ports: [{name: out, device: net_null0}, {name: in, device: net_null1}]\n";
  const Told alone = tell(ports);
  CHECK(alone.config.director.admin_socket == "/run/steelyard/steelyard.sock");
  CHECK(alone.config.ports.at(0).interface == "out");
  // An interface of the first director is no port of the second.
  const Told second = tell(
      "ports: [{name: out, device: \"net_af_packet0,iface=out\"}, {name: in, device: net_null1}]\n"
      "director: {instance: blue}\n");
  REQUIRE(second.loaded);
  CHECK(second.config.director.instance == "blue");
  CHECK(second.config.director.admin_socket == "/run/steelyard/blue.sock");
  CHECK(second.config.ports.at(0).name == "out");
  CHECK(second.config.ports.at(0).interface == "blue-out");
  CHECK(second.config.ports.at(1).interface == "blue-in");
  CHECK(tell(ports + "director: {instance: blue, admin_socket: /tmp/s}\n").config.director.admin_socket ==
        "/tmp/s");
}

TEST_CASE("every key of the file arrives in its struct", "[config]") {
  const Told told = tell(kWhole);
  CHECK(told.errors == std::vector<std::string>{});
  CHECK(told.warnings == std::vector<std::string>{});
  REQUIRE(told.loaded);
  const config::Director& d = told.config.director;
  CHECK(told.config.file == "f");
  CHECK(d.control_core == 2);
  CHECK(d.worker_cores == std::vector<unsigned>{4, 6});
  CHECK(d.connections == 10'000'000);
  CHECK(d.idle == config::Idle::sleep);
  CHECK(d.eal == std::vector<std::string>{"--no-huge", "-m", "1024"});
  CHECK(d.admin_socket == "/tmp/s.sock");
  CHECK(d.admin_group == "operators");
  CHECK(rate(d, KernelClass::neighbour) == 1u);
  CHECK(rate(d, KernelClass::routing) == 2u);
  CHECK(rate(d, KernelClass::health) == 3000u);
  CHECK(rate(d, KernelClass::icmp) == std::nullopt);
  CHECK(rate(d, KernelClass::local) == 5u);
  CHECK(rate(d, KernelClass::transit) == 6'000'000u);
  CHECK(rate(d, KernelClass::other) == 7u);
  CHECK(d.icmp_error_rate == std::nullopt);
  CHECK(d.reset_rate == 20'000u);
}

TEST_CASE("ports, neighbours and routes arrive in file order", "[config]") {
  const Told told = tell(kWhole);
  REQUIRE(told.loaded);
  REQUIRE(told.config.ports.size() == 2);
  const config::Port &outside = told.config.ports[0], &inside = told.config.ports[1];
  CHECK(outside.name == "outside");
  CHECK(outside.device == "0000:3b:00.0");
  CHECK(to_string(outside.addresses.at(0).address) == "198.51.100.2");
  CHECK(outside.addresses[0].length == 24);
  CHECK(outside.vlans.at(0).id == 20);
  CHECK(outside.vlans[0].addresses.at(0).length == 25);
  CHECK(outside.mtu == uint16_t{9000});
  CHECK_FALSE(outside.mac);
  CHECK(outside.at.line == 14);
  CHECK(inside.device.empty());
  CHECK_FALSE(inside.mtu);
  CHECK(to_string(inside.mac.value()) == "02:00:00:00:00:0a");

  const config::Neighbour& n = told.config.neighbours.at(0);
  CHECK(to_string(n.address) + " " + to_string(n.mac) == "192.0.2.1 02:00:00:00:01:01");
  CHECK(n.port == "outside");
  CHECK(n.vlan == 20);
  REQUIRE(told.config.routes.size() == 2);
  CHECK(told.config.routes[0].to == Prefix{});
  CHECK(told.config.routes[0].vlan == 20);
  CHECK(told.config.routes[1].to == Prefix{*parse_ipv4("172.16.0.0"), 12});
  CHECK(to_string(told.config.routes[1].via) == "10.0.0.254");
  CHECK(told.config.routes[1].port == "inside");
}

TEST_CASE("services and servers arrive in file order", "[config]") {
  const Told told = tell(kWhole);
  REQUIRE(told.loaded);
  REQUIRE(told.config.services.size() == 2);
  const config::Service &web = told.config.services[0], &dns = told.config.services[1];
  CHECK(web.name == "web");
  CHECK(to_string(web.address) == "203.0.113.10:80");
  CHECK(web.protocol == Protocol::tcp);
  CHECK(web.scheduler == "mh");
  CHECK(web.scheduler_options == SchedulerOptions{.port = 1});
  CHECK(timeout(web, State::established) == 1h);
  CHECK(timeout(web, State::fin_wait) == 30s);
  CHECK(timeout(web, State::udp) == 250ms);
  CHECK(timeout(web, State::time_wait) == 120s);
  CHECK(web.no_connection == NoConnection::drop);
  CHECK(web.sloppy_tcp);
  REQUIRE(web.servers.size() == 2);
  CHECK(to_string(web.servers[0].address) == "10.0.0.11:8080");
  CHECK(web.servers[0].weight == 65535);
  CHECK(web.servers[0].at.line == 37);
  CHECK(web.servers[0].at.column == 9);
  CHECK(to_string(web.servers[1].address) == "172.16.3.4:8081");
  CHECK(dns.protocol == Protocol::udp);
}

TEST_CASE("health checks arrive, a server's keys over its service's", "[config]") {
  const Told told = tell(R"(
ports: [{name: a, device: net_null0, addresses: [10.0.0.1/24]}]
services:
  - name: web
    address: 203.0.113.1
    port: 80
    health:
      http: {method: OPTIONS, path: /ok, host: www.example.org, status: [204, 200, 204], body: fine}
      interval: 5s
      timeout: 3s
      jitter: 1s
      rise: 4
      fall: 5
      port: 9000
    when_all_down: use_all
    servers:
      - {address: 10.0.0.11, port: 81}
      - {address: 10.0.0.12, port: 82, health: {fall: 1, port: 83, http: {path: /other}}}
      - {address: 10.0.0.13, port: 84, health: {tcp: {}, interval: 9s}}
      - {address: 10.0.0.14, port: 85, health: none}
  - {name: dns, address: 203.0.113.1, port: 53, protocol: udp, servers: [{address: 10.0.0.11, port: 53, health: {tcp: {}}}]}
)");
  CHECK(told.errors == std::vector<std::string>{});
  CHECK(told.warnings == std::vector<std::string>{});
  REQUIRE(told.loaded);
  const config::Service& web = told.config.services.at(0);
  CHECK(web.when_all_down == config::WhenAllDown::use_all);
  const config::HealthCheck first = web.servers.at(0).health.value();
  const auto http = std::get<config::HttpCheck>(first.kind);
  CHECK(http.method + http.path + http.host + http.body == "OPTIONS/okwww.example.orgfine");
  CHECK(http.status == std::vector<uint16_t>{200, 204});
  CHECK(first.interval == 5s);
  CHECK(first.timeout == 3s);
  CHECK(first.jitter.value() == 1s);
  CHECK(first.rise == 4);
  CHECK(first.fall == 5);
  CHECK(first.port.value().host() == 9000);

  config::HealthCheck second = web.servers.at(1).health.value();
  CHECK(second.fall == 1);
  CHECK(second.port.value().host() == 83);
  CHECK(std::get<config::HttpCheck>(second.kind).path == "/other");
  second.fall = 5;
  second.port = first.port;
  std::get<config::HttpCheck>(second.kind).path = "/ok";
  CHECK(second == first);

  const config::HealthCheck third = web.servers.at(2).health.value();
  CHECK(std::holds_alternative<config::TcpCheck>(third.kind));
  CHECK(third.interval == 9s);
  CHECK(third.rise == 4);
  CHECK_FALSE(web.servers.at(3).health);
  const config::HealthCheck dns = told.config.services.at(1).servers.at(0).health.value();
  CHECK(dns.port.value().host() == 53);
  CHECK(dns.jitter.value() == 200ms);
}

TEST_CASE("what the file leaves out has the documented default", "[config]") {
  const Told told = tell(
      "ports: [{name: a, device: net_null0}]\n"
      "services: [{name: s, address: 203.0.113.1, port: 1, servers: [{address: 10.0.0.1, port: 2}]}]");
  REQUIRE(told.loaded);
  const config::Director& d = told.config.director;
  CHECK(d.control_core == 0);
  CHECK(d.worker_cores == std::vector<unsigned>{1});
  CHECK(d.connections == 1'000'000);
  CHECK(d.idle == config::Idle::poll);
  CHECK(d.admin_socket == "/run/steelyard/steelyard.sock");
  CHECK(d.admin_group.empty());
  CHECK(d.kernel_rates == config::kDefaultKernelRates);
  CHECK(rate(d, KernelClass::transit) == std::nullopt);
  CHECK(rate(d, KernelClass::neighbour) == 1000u);
  CHECK(d.icmp_error_rate == 1000u);
  CHECK(d.reset_rate == 10'000u);
  const config::Service& s = told.config.services.at(0);
  CHECK(s.protocol == Protocol::tcp);
  CHECK(s.scheduler == "wrr");
  CHECK(timeout(s, State::established) == 900s);
  CHECK(timeout(s, State::fin_wait) == 120s);
  CHECK(timeout(s, State::udp) == 300s);
  CHECK(s.no_connection == NoConnection::reset);
  CHECK_FALSE(s.sloppy_tcp);
  CHECK(s.servers.at(0).weight == 1);
  CHECK_FALSE(s.servers[0].health);
  CHECK(s.when_all_down == config::WhenAllDown::reject);
  const config::HealthCheck check;
  CHECK(check.interval == 2s);
  CHECK(check.timeout == 1s);
  CHECK(check.rise == 2);
  CHECK(check.fall == 3);
  CHECK(config::HttpCheck{}.status == std::vector<uint16_t>{200});
}

TEST_CASE("anchors and aliases repeat a value", "[config]") {
  const Told told = tell(R"(
ports: [{name: a, device: net_null0, addresses: [10.0.0.1/24]}]
services:
  - {name: x, address: 203.0.113.1, port: 80, servers: &both [{address: 10.0.0.2, port: 80}, {address: 10.0.0.3, port: 80}]}
  - {name: y, address: 203.0.113.1, port: 81, servers: *both}
)");
  REQUIRE(told.loaded);
  CHECK(told.config.services.at(1).servers.size() == 2);
}
