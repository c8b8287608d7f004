#include "control/captures.h"

#include <array>

#include <catch2/catch.hpp>

#include "control/captured_wires.h"
#include "packets.h"

using namespace steelyard;
using namespace steelyard::test;
using control::Captures;

namespace {

config::Config one_service() {
  config::Config c;
  c.director.connections = 4096;
  c.ports = {{.name = "outside", .device = "", .addresses = {{ip("198.51.100.2"), 24, {}}}}};
  config::Service s;
  s.name = "web";
  s.address = ep("203.0.113.10", 80);
  s.scheduler = "rr";
  s.servers = {{ep("10.0.0.11", 8080)}};
  c.services = {s};
  return c;
}

struct NoWires final : control::Wires {
  std::size_t drain(std::size_t, const TakeFrame&, const TakeHeld&) override { return 0; }
  bool send(uint8_t, std::span<const uint8_t>) override { return room; }
  bool link_up(uint8_t) const override { return true; }
  bool room = true;
};

std::size_t count(Captures::Running& running) {
  std::size_t n = 0, ring = 0;
  for (; running->front(ring) != nullptr; running->pop(ring)) ++n;
  return n;
}

}  // namespace

TEST_CASE("workers see a capture from its begin to its end, and a few at most", "[control][capture]") {
  GracePeriods grace(2);
  Captures captures(grace, 1);
  CHECK(captures.published().load() == nullptr);
  auto first = captures.begin({});
  REQUIRE(first != nullptr);
  REQUIRE(captures.published().load() != nullptr);
  CHECK(captures.published().load()->size == 1);
  std::array<std::unique_ptr<Captures::Running>, capture::kMostCaptures - 1> others;
  for (auto& other : others) other = captures.begin({});
  CHECK(captures.published().load()->size == capture::kMostCaptures);
  CHECK(captures.begin({}) == nullptr);
  others[0] = nullptr;
  CHECK(captures.published().load()->size == capture::kMostCaptures - 1);
  CHECK(captures.begin({}) != nullptr);
  for (auto& other : others) other = nullptr;
  first = nullptr;
  CHECK(captures.published().load() == nullptr);
  CHECK_FALSE(captures.any());
}

TEST_CASE("a capture that has ended stays until no worker can see it", "[control][capture]") {
  GracePeriods grace(2);
  grace.register_thread(0);
  grace.online(0);
  Captures captures(grace, 1);
  auto running = captures.begin({});
  const capture::Active* seen = captures.published().load();
  running = nullptr;
  captures.reclaim();
  // A worker in the midst of its turn: AddressSanitizer would tell if it were gone.
  CHECK(seen->captures[0]->ring(0).append(10) != nullptr);
  grace.quiescent(0);
  captures.reclaim();
  grace.offline(0);
  grace.unregister_thread(0);
}

TEST_CASE("what the control core sends is seen where it belongs", "[control][capture]") {
  control::Director director(one_service(), std::vector<PortInfo>(1), {});
  NoWires below;
  control::CapturedWires wires(below, director, [] { return control::Moment{}; });
  const Endpoint client = ep("192.0.2.7", 4000), vip = ep("203.0.113.10", 80), real = ep("10.0.0.11", 8080);
  ConnectionTable& table = director.shared().connections;
  Connection* c = table.allocate(0);
  REQUIRE(c != nullptr);
  c->client_address = client.address, c->client_port = client.port;
  c->protocol = Protocol::tcp;
  c->half[0].address = vip.address, c->half[0].port = vip.port;
  c->half[1].address = real.address, c->half[1].port = real.port;
  c->service = 0;
  table.insert(0, c, table.hash(client, Protocol::tcp));

  capture::Filter web, user, drops;
  web.service = {0, vip, Protocol::tcp};
  user.client = Prefix{client.address, 32};
  drops.drops = capture::kEveryReason;
  auto all = director.captures().begin({}), of_web = director.captures().begin(web),
       of_user = director.captures().begin(user), of_drops = director.captures().begin(drops);
  const auto send = [&wires](const Frame& f) { return wires.send(0, f.bytes()); };
  CHECK(send(tcp(client, real, "held on its way to the server")));
  CHECK(send(tcp(vip, client, "held on its way to the client")));
  CHECK(send(arp_request(ip("198.51.100.2"), ip("198.51.100.1"))));
  CHECK(send(tcp(ep("10.0.0.1", 5555), real, "a health check")));
  CHECK(send(echo(ip("198.51.100.2"), client.address)));
  below.room = false;
  CHECK_FALSE(send(tcp(client, real, "no room")));
  CHECK(count(*all) == 5);
  CHECK(count(*of_web) == 2);
  CHECK(count(*of_user) == 3);
  CHECK(count(*of_drops) == 0);
}
