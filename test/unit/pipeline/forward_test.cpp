// Packets that are sent on: translation both ways, link layer, counters, MTU.
#include <catch2/catch.hpp>

#include "rig.h"

namespace steelyard::test {

using Outs = std::vector<Out>;

TEST_CASE("A TCP connection is translated both ways", "[pipeline]") {
  Rig rig;
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kSyn)) == Outs{to_server1(tcp(kClient, kReal1, kSyn))});
  CHECK(rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck)) ==
        Outs{to_client(tcp(kWebVip, kClient, kSyn | kAck))});
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, "hello")) == Outs{to_server1(tcp(kClient, kReal1, "hello"))});
  CHECK(rig.run(kServers, tcp(kReal1, kClient, "world!")) ==
        Outs{to_client(tcp(kWebVip, kClient, "world!"))});
  CHECK(rig.counters.forwarded.get() == 4);
}

TEST_CASE("UDP is translated both ways, and without a checksum stays without", "[pipeline]") {
  Rig rig;
  CHECK(rig.run(kClients, udp(kClient, kDnsVip, "?")) == Outs{to_server2(udp(kClient, kRealDns, "?"))});
  CHECK(rig.run(kServers, udp(kRealDns, kClient, "!")) == Outs{to_client(udp(kDnsVip, kClient, "!"))});
  CHECK(rig.run(kClients, udp(kClient, kDnsVip, "?").nosum()) ==
        Outs{to_server2(udp(kClient, kRealDns, "?").nosum())});
}

TEST_CASE("IP options, ToS, id and DF are passed on", "[pipeline]") {
  Rig rig;
  const auto dress = [](const Frame& f) { return f.options({1, 1, 1, 0}).tos(0x10).id(0x1234).df(); };
  CHECK(rig.run(kClients, dress(tcp(kClient, kWebVip, kSyn))) ==
        Outs{to_server1(dress(tcp(kClient, kReal1, kSyn)))});
}

TEST_CASE("Tags of the frame go, the next hop's tag comes", "[pipeline][vlan]") {
  Rig rig;
  rig.snap.next_hops[2].vlan = swap16(20);
  const Frame want = tcp(kClient, kReal1, kSyn).macs(kReal1Mac, kPortSMac).ttl(63).vlan(20);
  const Frame in = tcp(kClient, kWebVip, kSyn);
  SECTION("untagged") { CHECK(rig.run(kClients, in) == Outs{out(kServers, want)}); }
  SECTION("one tag") { CHECK(rig.run(kClients, in.vlan(7)) == Outs{out(kServers, want)}); }
  SECTION("two tags") { CHECK(rig.run(kClients, in.vlan(7).vlan(8, 0x88a8)) == Outs{out(kServers, want)}); }
  SECTION("back without") {
    rig.run(kClients, in);
    CHECK(rig.run(kServers, tcp(kReal1, kClient, kSyn | kAck).vlan(20)) ==
          Outs{to_client(tcp(kWebVip, kClient, kSyn | kAck))});
  }
}

TEST_CASE("One arm: packets leave by the port they came in by", "[pipeline]") {
  Rig rig;
  for (NextHop& hop : rig.snap.next_hops) hop.port = kClients;
  const Out sent = out(kClients, tcp(kClient, kReal1, kSyn).macs(kReal1Mac, kPortSMac).ttl(63));
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kSyn)) == Outs{sent});
}

TEST_CASE("Packets and bytes are counted as IPVS does", "[pipeline][counters]") {
  Rig rig;
  rig.establish();
  rig.run(kClients, tcp(kClient, kWebVip, "12345").pad(10));
  rig.run(kServers, tcp(kReal1, kClient, "123"));
  const ServerCounters& s = rig.counters.servers[kWeb1];
  CHECK(s.connections.get() == 1);
  CHECK(s.packets[kIn].get() == 3);
  CHECK(s.bytes[kIn].get() == 40 + 40 + 45);
  CHECK(s.packets[kOut].get() == 2);
  CHECK(s.bytes[kOut].get() == 40 + 43);
  CHECK(s.active.get() == 1);
  CHECK(s.inactive.get() == 0);
  rig.run(kClients, tcp(kClient, kWebVip, kRst));
  CHECK(s.active.get() == 0);
  CHECK(s.inactive.get() == 1);
}

TEST_CASE("A batch with both directions of several connections keeps each port's order", "[pipeline]") {
  Rig rig;
  const Endpoint other = ep("10.11.0.2", 1);
  rig.run(kClients, {tcp(kClient, kWebVip, kSyn), tcp(other, kWebVip, kSyn)});
  rig.io().push(kServers, tcp(kReal2, other, "b").bytes());
  rig.io().push(kClients, tcp(kClient, kWebVip, "a").bytes());
  rig.io().push(kServers, tcp(kReal1, kClient, "c").bytes());
  CHECK(rig.run(kClients, tcp(other, kWebVip, "d")) ==
        Outs{to_client(tcp(kWebVip, other, "b")), to_client(tcp(kWebVip, kClient, "c")),
             to_server1(tcp(kClient, kReal1, "a")), to_server2(tcp(other, kReal2, "d"))});
}

TEST_CASE("last_seen follows the packets of both directions", "[pipeline]") {
  Rig rig;
  rig.establish();
  const Connection* c = rig.connection();
  const auto [port, frame] = GENERATE(
      table<uint8_t, Frame>({{kClients, tcp(kClient, kWebVip, "x")}, {kServers, tcp(kReal1, kClient, "x")}}));
  rig.now.ticks += 40;
  rig.run(port, frame);
  CHECK(c->last_seen.load() == rig.now.ticks);
}

TEST_CASE("A packet that the port refuses is counted as transmit_full", "[pipeline]") {
  Rig rig;
  rig.io().refuse_sends(1);
  rig.run(kClients, {tcp(kClient, kWebVip, kSyn), tcp(ep("10.11.0.2", 1), kWebVip, kSyn)});
  CHECK(rig.dropped(DropReason::transmit_full) >= 1);
}

}  // namespace steelyard::test
