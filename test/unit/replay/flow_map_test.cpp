#include "replay/flow_map.h"

#include <set>

#include <catch2/catch.hpp>

#include "packets.h"
#include "replay/engine.h"
#include "replay/verify.h"

using namespace steelyard;
using namespace steelyard::replay;
using test::ep;

namespace {

const Endpoint kClient = ep("192.0.2.7", 40000), kServer = ep("198.51.100.80", 80);

// Learns all frames, then runs them; what became of each.
class Mapped {
 public:
  explicit Mapped(const std::vector<Bytes>& frames, unsigned servers = 4) : map_(servers) {
    for (const Bytes& f : frames) map_.learn(f);
    config_ = map_.configuration();
    Engine engine(config_);
    for (const Bytes& f : frames) {
      Bytes placed = f;
      const uint8_t port = map_.place(placed, engine.director().table());
      results_.push_back(engine.run(port, placed));
      placed_.push_back({port, std::move(placed)});
    }
  }
  bool forwarded(std::size_t i) const { return results_.at(i).counts.forwarded == 1; }
  const Frame& sent(std::size_t i) const { return results_.at(i).sent.at(0); }
  const Frame& placed(std::size_t i) const { return placed_.at(i); }
  const config::Config& config() const { return config_; }

 private:
  FlowMap map_;
  config::Config config_;
  std::vector<Engine::Result> results_;
  std::vector<Frame> placed_;
};

FlowView flow(const Bytes& frame) { return *view_flow(frame, *view_ip(frame)); }

}  // namespace

TEST_CASE("both directions of a captured connection go through one real server and come out as captured",
          "[replay][map]") {
  const Mapped m({test::tcp(kClient, kServer, kSyn), test::tcp(kServer, kClient, kSyn | kAck),
                  test::tcp(kClient, kServer, "request"), test::tcp(kServer, kClient, "answer")});
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(m.forwarded(i));
    CHECK(checksums_right(m.sent(i).bytes));
  }
  CHECK(m.sent(0).port == FlowMap::kServers);
  CHECK(m.sent(1).port == FlowMap::kClients);
  const Endpoint real = flow(m.sent(0).bytes).destination;
  CHECK(real != kServer);
  CHECK(flow(m.placed(1).bytes).source == real);
  CHECK(flow(m.sent(1).bytes).source == kServer);
  CHECK(flow(m.sent(1).bytes).destination == kClient);
  CHECK(flow(m.sent(2).bytes).destination == real);
}

TEST_CASE("who received the SYN is the server, wherever the capture begins", "[replay][map]") {
  const Mapped m({test::tcp(kServer, kClient, "late"), test::tcp(kClient, kServer, kSyn),
                  test::tcp(kServer, kClient, kSyn | kAck)});
  REQUIRE(m.config().services.size() == 1);
  CHECK(m.config().services[0].address == kServer);
  CHECK_FALSE(m.forwarded(0));  // no connection yet
  CHECK(m.forwarded(1));
  CHECK(m.forwarded(2));
}

TEST_CASE("a reset opens no connection, anything else does", "[replay][map]") {
  const Mapped m({test::tcp(kClient, kServer, kRst), test::tcp(kClient, kServer, kFin | kAck),
                  test::tcp(kClient, kServer, kRst)});
  CHECK_FALSE(m.forwarded(0));
  CHECK(m.forwarded(1));
  CHECK(m.forwarded(2));
}

TEST_CASE("hosts that are client and server at once are told apart", "[replay][map]") {
  const Endpoint a = ep("192.0.2.1", 53), b = ep("192.0.2.2", 53), c = ep("192.0.2.3", 5353);
  const Mapped m({test::udp(a, b, "q"), test::udp(b, a, "r"), test::udp(c, a, "q"), test::udp(a, c, "r"),
                  test::udp(a, a, "to itself")});
  for (std::size_t i = 0; i < 5; ++i) CHECK(m.forwarded(i));
  CHECK(flow(m.placed(0).bytes).source.address != a.address);
  CHECK(flow(m.sent(3).bytes).destination == c);
}

TEST_CASE("one client endpoint may have any number of servers", "[replay][map]") {
  std::vector<Bytes> frames;
  for (uint16_t i = 0; i < 100; ++i) frames.push_back(test::udp(kClient, ep("198.51.100.1", i), "x"));
  const Mapped m(frames, 1);
  for (std::size_t i = 0; i < frames.size(); ++i) CHECK(m.forwarded(i));
}

TEST_CASE("ICMP errors go the way that they would, with the right quote", "[replay][map]") {
  const Bytes request = test::udp(kClient, kServer, "query").ip_bytes();
  const Bytes answer = test::udp(kServer, kClient, "answer").ip_bytes();
  const Ipv4 router = test::ip("203.0.113.1");
  const Mapped m({test::udp(kClient, kServer, "query"),
                  test::icmp_error(kServer.address, kClient.address, 3, 3, request, 40),
                  test::icmp_error(router, kClient.address, 11, 0, request),
                  test::icmp_error(router, kServer.address, 3, 4, answer, 28, 1400)});
  for (std::size_t i = 0; i < 4; ++i) {
    INFO("packet " << i);
    CHECK(m.forwarded(i));
    CHECK(checksums_right(m.placed(i).bytes));
    CHECK(checksums_right(m.sent(i).bytes));
  }
  CHECK(m.placed(1).port == FlowMap::kServers);
  const Bytes wanted =
      test::icmp_error(kServer.address, kClient.address, 3, 3, request, 40).ttl(63).ip_bytes();
  CHECK(test::hexdump(std::span(m.sent(1).bytes).subspan(14)) == test::hexdump(wanted));
  CHECK(m.placed(3).port == FlowMap::kClients);
}

TEST_CASE("what is no flow is passed as it is", "[replay][map]") {
  const Mapped m({test::arp_request(kClient.address, kServer.address),
                  test::echo(kClient.address, kServer.address),
                  test::udp(kClient, ep("224.0.0.251", 5353), "group"), Bytes(3, 0)});
  CHECK(m.config().services.empty());
  for (std::size_t i = 0; i < 4; ++i) CHECK_FALSE(m.forwarded(i));
}

TEST_CASE("copies of a capture are flows of other clients, each with a server of its own", "[replay][map]") {
  const std::vector<Bytes> frames = {test::tcp(kClient, kServer, kSyn),
                                     test::tcp(kServer, kClient, kSyn | kAck)};
  FlowMap map(4, 3);
  for (const Bytes& f : frames) map.learn(f);
  Engine engine(map.configuration());
  std::set<Endpoint> clients, servers;
  for (unsigned copy = 0; copy < 3; ++copy) {
    Bytes request = frames[0], reply = frames[1];
    const uint8_t in = map.place(request, engine.director().table(), copy);
    CHECK(checksums_right(request));
    CHECK(engine.run(in, request).counts.forwarded == 1);
    const uint8_t back = map.place(reply, engine.director().table(), copy);
    CHECK(engine.run(back, reply).counts.forwarded == 1);
    CHECK(flow(request).destination == kServer);
    CHECK(flow(reply).destination == flow(request).source);
    clients.insert(flow(request).source);
    servers.insert(flow(reply).source);
  }
  CHECK(clients.size() == 3);
  CHECK(clients.contains(kClient));
  CHECK(servers.size() == 3);
}

TEST_CASE("more copies than there are addresses are refused", "[replay][map]") {
  FlowMap map(1, 2'000'000);
  for (uint16_t i = 0; i < 2000; ++i)
    map.learn(test::tcp({Ipv4::from_host(0xc0000200 + i), kClient.port}, kServer, kSyn).bytes());
  CHECK_THROWS_AS(map.configuration(), std::length_error);
}
