// one_packet services: each datagram is scheduled by itself, and what servers say comes from the virtual
// address without anything being kept.
#include <catch2/catch.hpp>

#include "rig.h"
#include "test_eal.h"

namespace steelyard::test {

using Outs = std::vector<Out>;

namespace {

constexpr ServerSlot kDns2 = 3;
const Endpoint kRealDns1 = ep("10.20.0.11", 53), kRealDns2 = ep("10.20.0.12", 53);

struct OnePacketRig : Rig {
  OnePacketRig() {
    snap.services[kDns].one_packet = true;
    snap.servers[kDns1].address = kRealDns1;
    snap.servers.push_back({kRealDns2, kDns, 1});
    for (const ServerSlot s : {kDns1, kDns2})
      snap.one_packet_servers.add(Protocol::udp, snap.servers[s].address, s);
    schedule(kDns, {kDns1, kDns2});
  }
};

}  // namespace

TEST_CASE("Each datagram is scheduled anew, replies come from the virtual address, nothing is kept",
          "[pipeline][one_packet]") {
  OnePacketRig rig;
  const Frame query = udp(kClient, kDnsVip, "q");
  CHECK(rig.run(kClients, {query, query, query}) == Outs{to_server1(udp(kClient, kRealDns1, "q")),
                                                         to_server2(udp(kClient, kRealDns2, "q")),
                                                         to_server1(udp(kClient, kRealDns1, "q"))});
  CHECK(rig.run(kServers, {udp(kRealDns1, kClient, "a"), udp(kRealDns2, kClient, "b")}) ==
        Outs{to_client(udp(kDnsVip, kClient, "a")), to_client(udp(kDnsVip, kClient, "b"))});
  CHECK(rig.table().size() == 0);
  const ServerCounters& first = rig.counters.servers[kDns1];
  CHECK(first.connections.get() == 2);
  CHECK(first.active.get() == 0);
  CHECK(first.inactive.get() == 0);
  CHECK(first.packets[kIn].get() == 2);
  CHECK(first.packets[kOut].get() == 1);
}

TEST_CASE("A server's ICMP error about a one-packet datagram reaches the client", "[pipeline][one_packet]") {
  OnePacketRig rig;
  const Bytes sent = udp(kClient, kRealDns1, "q").ttl(63).ip_bytes();
  const Outs got = rig.run(kServers, icmp_error(kRealDns1.address, kClient.address, 3, 3, sent));
  REQUIRE(got.size() == 1);
  CHECK(got[0].port == kClients);
}

TEST_CASE("Only what goes to clients is taken for an answer", "[pipeline][one_packet]") {
  OnePacketRig rig;
  for (const char* to : {"10.20.0.1", "224.0.0.251", "127.0.0.1"})
    CHECK(rig.run(kServers, udp(kRealDns1, ep(to, 5353), "x")).empty());
  CHECK(rig.run(kServers, udp(ep("10.20.0.11", 54), kClient, "x")).empty());  // another port
  CHECK(rig.run(kServers, tcp(kRealDns1, kClient, kSyn | kAck)).empty());
  CHECK(rig.counters.servers[kDns1].packets[kOut].get() == 0);
}

TEST_CASE("No server, no datagram", "[pipeline][one_packet]") {
  OnePacketRig rig;
  rig.schedule(kDns, {});
  rig.run(kClients, udp(kClient, kDnsVip, "q"));
  CHECK(rig.dropped(DropReason::no_server) == 1);
}

TEST_CASE("One-packet datagrams of a persistent service keep to their server", "[pipeline][one_packet]") {
  OnePacketRig rig;
  rig.snap.services[kDns].persistence = {240, {~uint32_t{0}}, Port{kDns}, kDnsVip, false};
  const Frame query = udp(kClient, kDnsVip, "q");
  CHECK(rig.run(kClients, {query, query}) ==
        Outs{to_server1(udp(kClient, kRealDns1, "q")), to_server1(udp(kClient, kRealDns1, "q"))});
  CHECK(rig.table().size() == 1);
}

}  // namespace steelyard::test
