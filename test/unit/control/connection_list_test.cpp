#include "control/connection_list.h"

#include <set>

#include <catch2/catch.hpp>

#include "conn/template.h"

using namespace steelyard;
using namespace std::chrono_literals;
using control::ConnectionFilter;
using control::ConnectionView;
using control::EndpointFilter;

namespace {

Ipv4 ip(const char* text) { return *parse_ipv4(text); }
Endpoint ep(const char* address, uint16_t port) { return {ip(address), steelyard::Port::from_host(port)}; }

config::Config two_services() {
  config::Config c;
  c.director.connections = 10'000;
  c.ports = {{.name = "outside", .device = "", .addresses = {{ip("198.51.100.2"), 24, {}}}}};
  for (const char* name : {"web", "dns"}) {
    config::Service s;
    s.name = name;
    s.protocol = c.services.empty() ? Protocol::tcp : Protocol::udp;
    s.address = ep("203.0.113.10", c.services.empty() ? 80 : 53);
    s.servers = {{ep("10.0.0.11", 8080)}, {ep("10.0.0.12", 8080)}};
    c.services.push_back(s);
  }
  return c;
}

// Tick 4000 of a director with two services: 0 is web, 1 is dns.
struct Fixture {
  Fixture() { director.tick(1'000'000); }
  void add(Endpoint client, ServiceSlot service, Endpoint server, State state, Ticks seen) {
    ConnectionTable& table = director.shared().connections;
    Connection* c = table.allocate(0);
    REQUIRE(c != nullptr);
    c->client_address = client.address, c->client_port = client.port;
    c->protocol = service == 0 ? Protocol::tcp : Protocol::udp;
    const Endpoint to = config.services[service].address;
    c->half[0].address = to.address, c->half[0].port = to.port;
    c->half[1].address = server.address, c->half[1].port = server.port;
    c->service = service;
    c->last_seen = seen;
    c->state_word = state_word(state, is_active(state) ? uint8_t{0} : uint8_t{kInactive});
    REQUIRE(table.insert(0, c, table.hash(client, c->protocol)).outcome ==
            ConnectionTable::Inserted::inserted);
  }
  std::vector<ConnectionView> list(ConnectionFilter filter = {}, uint64_t limit = ~uint64_t{0}) {
    std::vector<ConnectionView> views;
    control::ConnectionList all(director, std::move(filter), limit);
    while (all.next([&](const ConnectionView& v) { views.push_back(v); })) {
    }
    return views;
  }
  // Their clients' ports, sorted.
  std::multiset<int> ports(ConnectionFilter filter) {
    std::multiset<int> found;
    for (const ConnectionView& v : list(std::move(filter))) found.insert(v.client.port.host());
    return found;
  }
  using Ports = std::multiset<int>;

  config::Config config = two_services();
  control::Director director{config, std::vector<PortInfo>(1), {}};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a connection as an operator sees it", "[control]") {
  add(ep("192.0.2.1", 1000), 0, ep("10.0.0.11", 8080), State::established, 3990);
  const auto views = list();
  REQUIRE(views.size() == 1);
  const ConnectionView& v = views[0];
  CHECK(v.protocol == Protocol::tcp);
  CHECK(v.client == ep("192.0.2.1", 1000));
  CHECK(v.virtual_endpoint == ep("203.0.113.10", 80));
  CHECK(v.server == ep("10.0.0.11", 8080));
  CHECK(v.service == "web");
  CHECK(v.state == State::established);
  CHECK(v.active);
  CHECK(v.idle == 2500ms);
  CHECK(v.expires_in == 900s - 2500ms);
}

TEST_CASE_METHOD(Fixture, "a worker's clock may be ahead, and a sweep late", "[control]") {
  add(ep("192.0.2.1", 1), 0, ep("10.0.0.11", 8080), State::fin_wait, 4001);
  add(ep("192.0.2.1", 2), 0, ep("10.0.0.11", 8080), State::fin_wait, 3510);
  const auto views = list();
  REQUIRE(views.size() == 2);
  CHECK(views[0].idle == 0s);
  CHECK(views[0].expires_in == 120s);
  CHECK_FALSE(views[0].active);
  CHECK(views[1].expires_in == 0s);
}

TEST_CASE_METHOD(Fixture, "filters: client, server, service and state, each and together", "[control]") {
  add(ep("192.0.2.1", 1), 0, ep("10.0.0.11", 8080), State::established, 4000);
  add(ep("192.0.2.1", 2), 0, ep("10.0.0.12", 8080), State::time_wait, 4000);
  add(ep("192.0.2.2", 3), 1, ep("10.0.0.11", 53), State::udp, 4000);
  add(ep("198.51.100.9", 4), 1, ep("10.0.0.12", 53), State::udp, 4000);
  const auto from = [](const char* address, uint8_t length, std::optional<uint16_t> port = std::nullopt) {
    EndpointFilter f{{ip(address), length}, std::nullopt};
    if (port) f.port = steelyard::Port::from_host(*port);
    return f;
  };
  CHECK(ports({}) == Ports{1, 2, 3, 4});
  CHECK(ports({.client = from("192.0.2.1", 32)}) == Ports{1, 2});
  CHECK(ports({.client = from("192.0.2.1", 32, 2)}) == Ports{2});
  CHECK(ports({.client = from("192.0.2.77", 24)}) == Ports{1, 2, 3});
  CHECK(ports({.client = from("0.0.0.0", 0, 4)}) == Ports{4});
  CHECK(ports({.server = from("10.0.0.11", 32)}) == Ports{1, 3});
  CHECK(ports({.server = from("10.0.0.0", 8, 53)}) == Ports{3, 4});
  CHECK(ports({.service = "dns"}) == Ports{3, 4});
  CHECK(ports({.state = State::udp}) == Ports{3, 4});
  CHECK(ports({.client = from("192.0.2.0", 24), .service = "web", .state = State::time_wait}) == Ports{2});
  CHECK(ports({.client = from("10.9.9.9", 32)}).empty());
  config.services.erase(config.services.begin());
  director.set_services(config.services);  // what goes is still known by name
  CHECK(director.has_service("web"));
  CHECK(ports({.service = "web"}) == Ports{1, 2});
}

TEST_CASE_METHOD(Fixture, "many connections come a few at a time, and no more than asked for", "[control]") {
  for (uint16_t i = 0; i < 5000; ++i)
    add(ep("192.0.2.1", static_cast<uint16_t>(1000 + i)), 0, ep("10.0.0.11", 8080), State::established, 4000);
  std::multiset<int> wanted;
  for (int i = 0; i < 5000; ++i) wanted.insert(1000 + i);
  CHECK(ports({}) == wanted);
  for (const uint64_t limit : {0u, 1u, 64u, 65u, 4999u, 5001u})
    CHECK(list({}, limit).size() == std::min<uint64_t>(limit, 5000));
  control::ConnectionList slowly(director, {}, 5000);
  int most = 0, calls = 0;
  for (bool more = true; more; ++calls) {
    int now = 0;
    more = slowly.next([&](const ConnectionView&) { ++now; });
    most = std::max(most, now);
  }
  CHECK(calls > 40);
  CHECK(most < 100);
}

TEST_CASE("templates are listed only where they are asked for", "[control][persistence]") {
  Fixture f;
  f.config.services[0].persistence = config::Persistence{.prefix = 24, .group = "", .at = {}};
  f.director.set_services(f.config.services);
  ConnectionTable& table = f.director.shared().connections;
  const TemplateKey key{ip("192.0.2.0"), steelyard::Port{0}, ep("203.0.113.10", 80)};
  REQUIRE(make_template(table, 0, key, 0, 1, 240, 3990).outcome == MadeTemplate::Outcome::made);
  f.add(ep("192.0.2.7", 5000), 0, ep("10.0.0.12", 8080), State::established, 4000);
  CHECK(f.list().size() == 1);
  ConnectionFilter filter;
  filter.listed = control::Listed::all;
  CHECK(f.list(filter).size() == 2);
  filter.listed = control::Listed::templates;
  filter.client = EndpointFilter{{ip("192.0.2.0"), 24}, {}};
  filter.server = EndpointFilter{{ip("10.0.0.12"), 32}, {}};
  filter.service = "web";
  const std::vector<ConnectionView> found = f.list(filter);
  REQUIRE(found.size() == 1);
  const ConnectionView& t = found[0];
  REQUIRE(t.persistence);
  CHECK(t.protocol == Protocol::tcp);
  CHECK(to_string(t.client) == "192.0.2.0:0");
  CHECK(t.persistence->prefix == 24);
  CHECK(t.persistence->connections == 1);
  CHECK_FALSE(t.persistence->assured);
  CHECK(to_string(t.server) == "10.0.0.12:8080");
  CHECK(t.idle == 2500ms);
  CHECK(t.expires_in == 57500ms);
  filter.service = "dns";
  CHECK(f.list(filter).empty());
}
