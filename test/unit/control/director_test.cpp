#include "control/director.h"

#include <vector>

#include <catch2/catch.hpp>

#include "pipeline/next_hop.h"

using namespace steelyard;

namespace {

Ipv4 ip(const char* text) { return *parse_ipv4(text); }
Endpoint ep(const char* address, uint16_t port) { return {ip(address), Port::from_host(port)}; }

config::Service service(const char* name, Endpoint address, std::vector<config::Server> servers,
                        const char* scheduler = "rr") {
  config::Service s;
  s.name = name;
  s.address = address;
  s.scheduler = scheduler;
  s.servers = std::move(servers);
  const auto defaults = default_timeouts();
  for (std::size_t i = 0; i < kStates; ++i) s.timeouts[i] = defaults[i];
  return s;
}

config::Config two_ports() {
  config::Config c;
  c.director.connections = 4096;
  c.ports = {{.name = "outside", .device = "", .addresses = {{ip("198.51.100.2"), 24, {}}}},
             {.name = "inside", .device = "", .addresses = {{ip("10.0.0.1"), 24, {}}}}};
  c.services = {service("web", ep("203.0.113.10", 80), {{ep("10.0.0.11", 80)}, {ep("10.0.0.12", 80)}})};
  return c;
}

struct Fixture {
  config::Config config = two_ports();
  control::Director director{config, std::vector<PortInfo>(2), {}};
  uint32_t picked_port_octet() {
    const Snapshot& snap = director.snapshot();
    const auto pick = snap.services[0].schedule->pick();
    return pick ? snap.servers[*pick].address.address.host() & 255 : 0;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the snapshot knows whose address is whose and the way to it", "[control]") {
  const Snapshot& snap = director.snapshot();
  CHECK(snap.addresses.classes(ip("203.0.113.10")) == kVirtualAddress);
  CHECK(snap.addresses.classes(ip("10.0.0.12")) == kServerAddress);
  CHECK(snap.addresses.classes(ip("10.0.0.1")) == kLocalAddress);
  CHECK(snap.ports[1].address == ip("10.0.0.1"));
  CHECK(snap.by_endpoint.find(Protocol::tcp, ep("203.0.113.10", 80)) == uint16_t{0});
  REQUIRE(snap.routes.route(ip("10.0.0.12")) != nullptr);
  CHECK(snap.routes.route(ip("10.0.0.12"))->via.port == 1);
  CHECK(snap.services[0].timeouts[static_cast<std::size_t>(State::established)] == 900 * kTicksPerSecond);
}

TEST_CASE_METHOD(Fixture, "services that are replaced keep slots and go on in the sequence", "[control]") {
  CHECK(picked_port_octet() == 11);
  auto services = config.services;
  services[0].servers.push_back({ep("10.0.0.13", 80)});
  services.push_back(service("dns", ep("203.0.113.10", 53), {}));
  director.set_services(services);
  CHECK(director.snapshot().by_endpoint.find(Protocol::tcp, ep("203.0.113.10", 80)) == uint16_t{0});
  CHECK(picked_port_octet() == 12);
  CHECK(picked_port_octet() == 13);
  services[0].servers[0].weight = 0;
  director.set_services(services);
  CHECK(picked_port_octet() == 12);

  services.erase(services.begin());
  director.set_services(services);
  CHECK_FALSE(director.snapshot().by_endpoint.find(Protocol::tcp, ep("203.0.113.10", 80)));
  CHECK(director.services().size() == 1);
  CHECK(picked_port_octet() == 0);
  director.set_services(config.services);  // back again, in its old slot
  CHECK(director.snapshot().by_endpoint.find(Protocol::tcp, ep("203.0.113.10", 80)) == uint16_t{0});
}

TEST_CASE_METHOD(Fixture, "a replaced snapshot lives until no worker can hold it", "[control]") {
  director.grace().register_thread(0);
  director.grace().online(0);
  const Snapshot* held = &director.snapshot();
  director.set_network({});
  director.tick(1000);
  CHECK(held->services.size() == 1);  // AddressSanitizer would tell
  director.grace().quiescent(0);
  director.tick(1001);
  director.grace().offline(0);
  CHECK(&director.snapshot() != held);
}

TEST_CASE_METHOD(Fixture, "a long sequence is continued before its window runs out", "[control]") {
  auto services = config.services;
  services[0].scheduler = "wrr";
  services[0].servers[0].weight = 65535;
  services[0].servers[1].weight = 65534;
  director.set_services(services);
  std::vector<int> count(256);
  for (int i = 0; i < 131069; ++i) {
    if (i % 1000 == 0) director.tick(static_cast<uint64_t>(i));
    ++count[picked_port_octet()];
  }
  CHECK(count[11] == 65535);
  CHECK(count[12] == 65534);
}

TEST_CASE_METHOD(Fixture, "limits are one worker's share, and never nothing", "[control]") {
  config.director.icmp_error_rate = 1000;
  config.director.reset_rate = std::nullopt;
  config.director.kernel_rates.fill(1);
  const control::Director four(config, std::vector<PortInfo>(2), {.workers = 4});
  CHECK(four.limits().icmp_errors == 250);
  CHECK(four.limits().resets == kUnlimited);
  CHECK(four.limits().kernel[0] == 1);
}

TEST_CASE_METHOD(Fixture,
                 "routes that change 65,536 times never bring an epoch under which nothing is cached",
                 "[control]") {
  const uint16_t first = director.snapshot().route_epoch;
  unsigned seen_first = 0, bad = 0;
  for (unsigned i = 0; i < 65'536; ++i) {
    Network network;
    if (i % 2 == 0) network.routes.push_back({{ip("192.0.2.0"), 24}, {0, 0}, ip("198.51.100.1")});
    director.set_network(network);
    director.tick(1);
    const uint16_t epoch = director.snapshot().route_epoch;
    bad += epoch == 0 || epoch == kEpochBusy;
    seen_first += epoch == first;
  }
  CHECK(bad == 0);
  CHECK(seen_first == 1);  // once around: the test reaches where it wraps
}

namespace {

config::Server checked(const char* address, uint32_t weight = 1) {
  return {.address = ep(address, 80), .weight = weight, .health = config::HealthCheck{}};
}

// Servers 10.0.0.11, .12 and .13, checked.
struct CheckedFixture {
  using State = health::State;
  using Availability = control::Availability;

  config::Config config = [] {
    config::Config c = two_ports();
    c.services = {service("web", ep("203.0.113.10", 80),
                          {checked("10.0.0.11"), checked("10.0.0.12"), checked("10.0.0.13")})};
    return c;
  }();
  std::unique_ptr<control::Director> director = make();
  uint64_t now = 1000;

  std::unique_ptr<control::Director> make() {
    return std::make_unique<control::Director>(config, std::vector<PortInfo>(2),
                                               control::DirectorOptions{.health_checks = true});
  }
  std::optional<Availability> set(const char* address, health::State state, const char* reason = "") {
    return director->set_health(Protocol::tcp, ep("203.0.113.10", 80), ep(address, 80), state, reason);
  }
  // The last octets of the next picks' servers, 0: none.
  std::vector<uint32_t> picks(int n) {
    director->tick(++now);
    std::vector<uint32_t> octets;
    const Snapshot& snap = director->snapshot();
    for (int i = 0; i < n; ++i) {
      const auto pick = snap.services[0].schedule->pick();
      octets.push_back(pick ? snap.servers[*pick].address.address.host() & 255 : 0);
    }
    return octets;
  }
  using Octets = std::vector<uint32_t>;
};

}  // namespace

TEST_CASE_METHOD(CheckedFixture, "only servers that are up get new connections", "[control]") {
  CHECK(picks(2) == Octets{0, 0});
  CHECK(director->services()[0].state == Availability::checking);
  CHECK(director->services()[0].servers[0].state == health::State::checking);

  CHECK(set("10.0.0.12", health::State::up) == Availability::up);
  CHECK(picks(2) == Octets{12, 12});
  CHECK_FALSE(set("10.0.0.11", health::State::up));
  CHECK_FALSE(set("10.0.0.13", health::State::down, "connect timed out"));
  CHECK(picks(4) == Octets{11, 12, 11, 12});
  CHECK(director->services()[0].servers[2].state == health::State::down);
  CHECK(director->services()[0].servers[2].reason == "connect timed out");
  CHECK_FALSE(set("10.0.0.13", health::State::up));
  CHECK(picks(3) == Octets{13, 11, 12});
}

TEST_CASE_METHOD(CheckedFixture, "with all servers down nobody is picked, or everybody as a last resort",
                 "[control]") {
  const bool use_all = GENERATE(false, true);
  CAPTURE(use_all);
  if (use_all) config.services[0].when_all_down = config::WhenAllDown::use_all;
  config.services[0].servers[2].weight = 0;  // the operator's wish counts also then, and it keeps nothing up
  director = make();
  set("10.0.0.13", health::State::up);
  CHECK_FALSE(set("10.0.0.11", health::State::down));
  CHECK(picks(1) == Octets{0});  // the other one may pass yet
  CHECK(set("10.0.0.12", health::State::down) == (use_all ? Availability::use_all : Availability::down));
  CHECK(picks(3) == (use_all ? Octets{11, 12, 11} : Octets{0, 0, 0}));
  CHECK(set("10.0.0.12", health::State::up) == Availability::up);
  CHECK(picks(2) == Octets{12, 12});
}

TEST_CASE_METHOD(CheckedFixture, "replaced services keep what is known of their servers", "[control]") {
  set("10.0.0.11", health::State::up);
  auto services = config.services;
  services[0].servers[1].health = std::nullopt;  // not checked any more: up
  services[0].servers[2] = checked("10.0.0.14");
  director->set_services(services);
  CHECK(picks(3) == Octets{11, 12, 11});
  CHECK_FALSE(set("10.0.0.12", health::State::down));  // nobody's word any more
  CHECK_FALSE(set("10.0.0.13", health::State::up));
  CHECK(picks(2) == Octets{12, 11});
  director->set_services(config.services);  // .12 and .13 have to pass again
  CHECK(picks(2) == Octets{11, 11});
  set("10.0.0.12", health::State::up);
  services[0].servers = {checked("10.0.0.11")};
  director->set_services(services);
  director->set_services(config.services);
  CHECK(picks(2) == Octets{11, 11});
}

TEST_CASE_METHOD(CheckedFixture, "where nobody runs checks every server is up", "[control]") {
  director =
      std::make_unique<control::Director>(config, std::vector<PortInfo>(2), control::DirectorOptions{});
  CHECK(picks(3) == Octets{11, 12, 13});
  CHECK(director->services()[0].state == Availability::up);
  CHECK_FALSE(set("10.0.0.11", health::State::down));
  CHECK(picks(3) == Octets{11, 12, 13});
}

TEST_CASE_METHOD(CheckedFixture, "news about unknown servers and services is nobody's", "[control]") {
  CHECK_FALSE(set("10.0.0.99", health::State::up));
  CHECK_FALSE(director->set_health(Protocol::udp, ep("203.0.113.10", 80), ep("10.0.0.11", 80),
                                   health::State::up, ""));
  CHECK(picks(1) == Octets{0});
}

TEST_CASE_METHOD(CheckedFixture, "templates may lead to servers that are up, whatever their weight",
                 "[control]") {
  const auto serving = [&] {
    director->tick(++now);
    Octets octets;
    const Snapshot& snap = director->snapshot();
    for (ServerSlot s = 0; s < snap.servers.size(); ++s)
      if (snap.serves(s)) octets.push_back(snap.servers[s].address.address.host() & 255);
    return octets;
  };
  CHECK(serving().empty());
  for (const char* server : {"10.0.0.11", "10.0.0.12", "10.0.0.13"}) set(server, health::State::up);
  CHECK(serving() == Octets{11, 12, 13});
  set("10.0.0.12", health::State::down);
  CHECK(serving() == Octets{11, 13});
  config.services[0].servers[0].weight = 0;
  config.services[0].servers.pop_back();
  director->set_services(config.services);
  CHECK(serving() == Octets{11});
}

TEST_CASE_METHOD(Fixture, "services of a persistence group have one key, others their own", "[control]") {
  config.services.push_back(service("safe", ep("203.0.113.10", 443), {{ep("10.0.0.12", 443)}}));
  config.services.push_back(service("other", ep("203.0.113.10", 81), {{ep("10.0.0.12", 81)}}));
  for (config::Service& s : config.services) s.persistence = config::Persistence{};
  for (std::size_t i = 0; i < 2; ++i) config.services[i].persistence->group = "shop";
  director.set_services(config.services);
  const Snapshot& snap = director.snapshot();
  const Persistence &web = snap.services[0].persistence, &safe = snap.services[1].persistence,
                    &other = snap.services[2].persistence;
  CHECK(web.timeout == 300 * kTicksPerSecond);
  CHECK(web.mask == ip("255.255.255.255"));
  CHECK(web.group);
  CHECK(web.number == safe.number);
  CHECK(web.endpoint == safe.endpoint);
  CHECK(to_string(web.endpoint) == "0.0.0.1:0");
  CHECK_FALSE(other.group);
  CHECK(other.endpoint == ep("203.0.113.10", 81));
  CHECK(other.number != web.number);
  const auto server = snap.group_server(1, ip("10.0.0.12"));
  REQUIRE(server);
  CHECK(snap.servers[*server].address == ep("10.0.0.12", 443));
  CHECK_FALSE(snap.group_server(1, ip("10.0.0.11")));
  CHECK_FALSE(snap.group_server(2, ip("10.0.0.12")));
}
