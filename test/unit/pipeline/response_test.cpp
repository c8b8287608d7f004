// What a worker measures for lrt, and picks of the mapping kind.
#include <catch2/catch.hpp>

#include "rig.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {
ResponseSamples responses(const Rig& rig, ServerSlot server) {
  return ResponseSamples::of(rig.counters.servers[server].responses.get());
}
}  // namespace

TEST_CASE("the time from a SYN to its first SYN-ACK is taken", "[pipeline]") {
  Rig rig;
  rig.run(kClients, tcp(kClient, kWebVip, kSyn));
  rig.now.us += 1500;
  rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck));
  CHECK(responses(rig, kWeb1).count == 1);
  CHECK(responses(rig, kWeb1).sum_us == 1500);
  rig.now.us += 1'000'000;
  rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck));  // sent again
  rig.run(kClients, tcp(kClient, kWebVip, kAck));
  rig.run(kServers, tcp(kReal1, kClient, "data"));
  rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck));
  CHECK(responses(rig, kWeb1).count == 1);
  CHECK(responses(rig, kWeb2).count == 0);
}

TEST_CASE("a SYN that is sent again does not make its server quicker", "[pipeline]") {
  Rig rig;
  rig.now.us = ~uint32_t{0} - 10;  // the clock wraps
  rig.run(kClients, tcp(kClient, kWebVip, kSyn));
  rig.now.us += 1'000'000;
  rig.run(kClients, tcp(kClient, kWebVip, kSyn));
  rig.now.us += 200;
  rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck));
  CHECK(responses(rig, kWeb1).sum_us == 1'000'200);
}

TEST_CASE("a client's SYN-ACK and answers of other kinds are no measure", "[pipeline]") {
  Rig rig;
  rig.run(kClients, tcp(kClient, kWebVip, kSyn));
  rig.run(kClients, tcp(kClient, kWebVip, kSyn | kAck));
  rig.run(kServers, tcp(kReal1, kClient, kAck));
  rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck));  // established by then
  CHECK(responses(rig, kWeb1).count == 0);
}

TEST_CASE("a mapping gives a client the same server each time, or refuses it", "[pipeline]") {
  Rig rig;
  auto mapping = std::make_unique<Schedule>();
  mapping->mapping = {MappingKey::source_and_port, MappingHash::multiplicative};
  for (int i = 0; i < 256; ++i) mapping->picks.push_back(i % 2 == 0 ? kWeb2 : Schedule::kNobody);
  const auto old = rig.snap.services[kWeb].schedule->publish(std::move(mapping));
  unsigned opened = 0, refused = 0;
  for (uint16_t port = 1; port <= 200; ++port) {
    const Endpoint client{kClient.address, Port::from_host(port)};
    const bool even = multiplicative_hash(client.address.host() + port) % 2 == 0;
    rig.run(kClients, tcp(client, kWebVip, kSyn));
    const Connection* c = rig.connection(client);
    CHECK((c != nullptr) == even);
    if (c != nullptr) CHECK(c->server == kWeb2);
    ++(c != nullptr ? opened : refused);
  }
  CHECK(opened > 50);
  CHECK(rig.dropped(DropReason::no_server) == refused);
}

TEST_CASE("under a mapping, a client in conflict is refused and leaves no pick behind", "[pipeline]") {
  Rig rig;
  const ServiceSlot other = rig.add_service(ep("10.10.0.100", 8080), {});
  rig.snap.servers.push_back({kReal1, other, 1});
  const auto slot = static_cast<ServerSlot>(rig.snap.servers.size() - 1);
  auto mapping = std::make_unique<Schedule>();
  mapping->mapping = {MappingKey::source, MappingHash::siphash};
  mapping->picks.assign(7, slot);
  const auto old = rig.snap.services[other].schedule->publish(std::move(mapping));
  rig.establish();  // to kReal1
  rig.run(kClients, tcp(kClient, ep("10.10.0.100", 8080), kSyn));
  CHECK(rig.dropped(DropReason::server_conflict) == 1);
}
