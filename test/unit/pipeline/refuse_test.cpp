// What cannot be sent on: time to live, MTU, next hop, fragments, malformed packets, ICMP errors.
#include <catch2/catch.hpp>

#include "rig.h"

namespace steelyard::test {

using Outs = std::vector<Out>;

namespace {

Frame turned(const Frame& f) { return f.macs(mac("02:00:00:00:00:02"), mac("02:00:00:00:00:01")); }
Frame icmp_to_client(uint8_t type, uint8_t code, const Frame& cause, uint32_t rest = 0) {
  return turned(icmp_error(kVip, kClient.address, type, code, cause.ip_bytes(), 548, rest)).tos(0xc0);
}
Frame icmp_to_server(Ipv4 from, uint8_t type, uint8_t code, const Frame& cause, uint32_t rest = 0) {
  return turned(icmp_error(from, kReal1.address, type, code, cause.ip_bytes(), 548, rest)).tos(0xc0);
}
std::string text(std::size_t n) { return std::string(n, 'a'); }

}  // namespace

TEST_CASE("A client's last hop is answered from the virtual address and counts as IPVS counts it",
          "[pipeline][ttl][golden]") {
  Rig rig;
  rig.establish();
  const Frame last = tcp(kClient, kWebVip, "x").ttl(1);
  CHECK(rig.run(kClients, last) == Outs{out(kClients, icmp_to_client(11, 0, last))});
  CHECK(rig.dropped(DropReason::ttl_exceeded) == 1);
  CHECK(rig.counters.servers[kWeb1].packets[kIn].get() == 3);
  rig.run(kClients, tcp(kClient, kWebVip, "x").ttl(0));
  CHECK(rig.dropped(DropReason::ttl_exceeded) == 2);
}

TEST_CASE("A server's last hop is answered from the port's address and does not count",
          "[pipeline][ttl][golden]") {
  Rig rig;
  rig.establish();
  const Frame last = tcp(kReal1, kClient, kFin | kAck).ttl(1);
  SECTION("port with an address") {
    CHECK(rig.run(kServers, last) == Outs{out(kServers, icmp_to_server(kPortS, 11, 0, last))});
  }
  SECTION("port without one") {
    rig.snap.ports[kServers].address = {};
    CHECK(rig.run(kServers, last) == Outs{out(kServers, icmp_to_server(kVip, 11, 0, last))});
  }
  CHECK(rig.counters.servers[kWeb1].packets[kOut].get() == 1);
  CHECK(rig.connection()->state() == State::established);
}

TEST_CASE("Too large with DF: fragmentation needed, as Linux says it", "[pipeline][mtu][golden]") {
  Rig rig;
  rig.establish();
  SECTION("towards the server") {
    rig.snap.next_hops[2].mtu = 600;
    const Frame large = tcp(kClient, kWebVip, text(960)).df();
    CHECK(rig.run(kClients, large) == Outs{out(kClients, icmp_to_client(3, 4, large.ttl(63), 600))});
    CHECK(rig.counters.servers[kWeb1].packets[kIn].get() == 3);
    // Exactly the MTU passes.
    CHECK(rig.run(kClients, tcp(kClient, kWebVip, text(560)).df()) ==
          Outs{to_server1(tcp(kClient, kReal1, text(560)).df())});
  }
  SECTION("towards the client") {
    rig.snap.next_hops[1].mtu = 600;
    const Frame large = tcp(kReal1, kClient, text(960)).df();
    CHECK(rig.run(kServers, large) == Outs{out(kServers, icmp_to_server(kPortS, 3, 4, large.ttl(63), 600))});
    CHECK(rig.counters.servers[kWeb1].packets[kOut].get() == 1);
  }
  CHECK(rig.dropped(DropReason::fragmentation_needed) == 1);
}

TEST_CASE("Too large without DF is sent in fragments, in its place among the others",
          "[pipeline][mtu][golden]") {
  Rig rig;
  rig.establish();
  rig.snap.next_hops[2].mtu = 600;
  const int tags = GENERATE(0, 1);
  rig.snap.next_hops[2].vlan = tags == 0 ? uint16_t{0} : swap16(20);
  const auto hop = [tags](Frame f) {
    f = f.macs(kReal1Mac, kPortSMac).ttl(63);
    return out(kServers, tags == 0 ? f : f.vlan(20));
  };
  const Bytes whole = tcp(kClient, kReal1, text(960)).ip_bytes();
  const Bytes first(whole.begin() + 20, whole.begin() + 20 + 576),
      second(whole.begin() + 20 + 576, whole.end());
  const Frame small = tcp(kClient, kWebVip, "b");
  const uint64_t before = rig.counters.forwarded.get();
  CHECK(rig.run(kClients, {small, tcp(kClient, kWebVip, text(960)).pad(7), small}) ==
        Outs{hop(tcp(kClient, kReal1, "b")), hop(ip_frame(kClient.address, kReal1.address, 6, first).mf()),
             hop(ip_frame(kClient.address, kReal1.address, 6, second).offset(576)),
             hop(tcp(kClient, kReal1, "b"))});
  CHECK(rig.counters.forwarded.get() == before + 3);
}

TEST_CASE("Without buffers to fragment a packet is dropped by name", "[pipeline][mtu]") {
  Rig rig;
  rig.establish();
  rig.snap.next_hops[2].mtu = 68;
  // 82 fragments of 48 bytes: more than the pools hold.
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, text(3900))).empty());
  CHECK(rig.dropped(DropReason::fragmentation_failed) == 1);
}

TEST_CASE("A port that refuses fragments counts the packet once", "[pipeline][mtu]") {
  Rig rig;
  rig.establish();
  rig.snap.next_hops[2].mtu = 600;
  rig.io().refuse_sends(1);
  rig.run(kClients, tcp(kClient, kWebVip, text(960)));
  CHECK(rig.dropped(DropReason::transmit_full) == 1);
}

TEST_CASE("A packet whose next hop is unknown waits rewritten, or is a named drop", "[pipeline][next-hop]") {
  Rig rig;
  rig.establish();
  rig.snap.next_hops[2].usable = false;
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, "x")).empty());
  CHECK(rig.dropped(DropReason::no_next_hop) == 1);
  rig.io().accept_holds();
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, "x")).empty());
  CHECK(rig.dropped(DropReason::no_next_hop) == 1);
  const auto held = rig.io().take_held();
  REQUIRE(held.size() == 1);
  CHECK(held[0].destination == kReal1.address);
  CHECK(checksums_ok(held[0].frame.bytes));
  rig.snap.next_hops[2].usable = true;
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, "x")).size() == 1);
}

TEST_CASE("Connections follow changed routes with their next packet", "[pipeline][next-hop]") {
  Rig rig;
  rig.establish();
  const Interface servers{kServers, 0}, clients{kClients, 0};
  const Route all{{{}, 0}, clients, ip("10.10.0.254")},
      one{{ip("10.20.0.0"), 24}, servers, ip("10.20.0.254")};
  const Neighbour gateway{servers, ip("10.20.0.254"), 3}, old{clients, ip("10.10.0.254"), 1};
  rig.snap.routes = Routes(std::vector{all, one}, std::vector{gateway, old});
  const Frame data = tcp(kClient, kWebVip, "x");
  CHECK(rig.run(kClients, data) == Outs{to_server1(tcp(kClient, kReal1, "x"))});
  ++rig.snap.route_epoch;
  CHECK(rig.run(kClients, data) == Outs{to_server2(tcp(kClient, kReal1, "x"))});
  CHECK(rig.run(kClients, data) == Outs{to_server2(tcp(kClient, kReal1, "x"))});
  CHECK(rig.connection()->route_epoch.load() == rig.snap.route_epoch);
}

TEST_CASE("A slot that the snapshot does not have is looked up anew", "[pipeline][next-hop]") {
  Rig rig;
  rig.establish();
  rig.connection()->half[0].next_hop = 500;
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, "x")) == Outs{to_server1(tcp(kClient, kReal1, "x"))});
}

TEST_CASE("Fragments of load-balanced traffic are dropped, others are the kernel's", "[pipeline][fragment]") {
  Rig rig;
  const auto fragment = [](Endpoint from, Endpoint to) {
    return std::vector<Frame>{udp(from, to, "abcdefgh").mf(), udp(from, to, "abcdefgh").offset(16)};
  };
  CHECK(rig.run(kClients, fragment(kClient, kDnsVip)).empty());
  CHECK(rig.run(kServers, fragment(kRealDns, kClient)).empty());
  CHECK(rig.dropped(DropReason::fragment) == 4);
  rig.run(kClients, fragment(kClient, {kPortC, Port::from_host(53)}));
  CHECK(rig.kernel.size() == 2);
  rig.run(kServers, fragment(kRealDns, {kPortS, Port::from_host(53)}));
  CHECK(rig.kernel.size() == 2);
}

TEST_CASE("Malformed packets are dropped by name", "[pipeline][parse]") {
  Rig rig;
  const Frame f = tcp(kClient, kWebVip, kSyn);
  rig.run(kClients, {f.version_ihl(0x65), f.version_ihl(0x44), f.total_length(19), f.bad_ip_checksum(),
                     f.total_length(1000), udp(kClient, kDnsVip).total_length(27)});
  CHECK(rig.dropped(DropReason::bad_ip_header) == 3);
  CHECK(rig.dropped(DropReason::bad_ip_checksum) == 1);
  CHECK(rig.dropped(DropReason::truncated) == 2);
}

TEST_CASE("ICMP errors about a connection are translated both ways and count", "[pipeline][icmp][golden]") {
  Rig rig;
  rig.establish();
  const Ipv4 router = ip("10.11.99.1");
  const auto packets = [](Endpoint from, Endpoint to) { return tcp(from, to, text(100)).ip_bytes(); };
  rig.now.ticks += 40;
  const Ticks before = rig.connection()->last_seen;
  CHECK(rig.run(kClients, icmp_error(router, kVip, 3, 4, packets(kWebVip, kClient), 28, 1400)) ==
        Outs{to_server1(icmp_error(router, kReal1.address, 3, 4, packets(kReal1, kClient), 28, 1400))});
  CHECK(rig.run(kServers,
                icmp_error(ip("10.20.0.99"), kClient.address, 3, 4, packets(kClient, kReal1), 28, 1300)) ==
        Outs{to_client(icmp_error(kVip, kClient.address, 3, 4, packets(kClient, kWebVip), 28, 1300))});
  const ServerCounters& s = rig.counters.servers[kWeb1];
  CHECK(s.packets[kIn].get() == 2 + 1);
  CHECK(s.bytes[kIn].get() == 80 + 56);
  CHECK(s.packets[kOut].get() == 1 + 1);
  CHECK(s.bytes[kOut].get() == 40 + 56);
  // An error keeps no connection alive.
  CHECK(rig.connection()->last_seen == before);
}

TEST_CASE("ICMP errors that cannot be true are dropped", "[pipeline][icmp]") {
  Rig rig;
  rig.establish();
  const Bytes quote = tcp(kWebVip, kClient, "x").ip_bytes();
  SECTION("wrong checksum") {
    rig.run(kClients, icmp_error(ip("10.11.99.1"), kVip, 3, 4, quote, 28, 1400).bad_checksum());
  }
  SECTION("not to the sender of what it quotes") {
    rig.snap.addresses.add(ip("10.10.0.101"), kVirtualAddress);
    rig.run(kClients, icmp_error(ip("10.11.99.1"), ip("10.10.0.101"), 3, 4, quote, 28, 1400));
  }
  CHECK(rig.dropped(DropReason::bad_icmp_error) == 1);
  CHECK(rig.counters.servers[kWeb1].packets[kIn].get() == 2);
}

TEST_CASE("ICMP errors are never answered", "[pipeline][icmp]") {
  Rig rig;
  rig.establish();
  const Frame error =
      icmp_error(ip("10.11.99.1"), kVip, 3, 4, tcp(kWebVip, kClient, text(900)).ip_bytes(), 900, 1400);
  CHECK(rig.run(kClients, error.ttl(1)).empty());
  rig.snap.next_hops[2].mtu = 600;
  CHECK(rig.run(kClients, error.df()).empty());
  CHECK(rig.dropped(DropReason::ttl_exceeded) == 1);
  CHECK(rig.dropped(DropReason::fragmentation_needed) == 1);
}

TEST_CASE("ICMP errors about no connection are the kernel's", "[pipeline][icmp]") {
  Rig rig;
  const Frame inbound =
      icmp_error(ip("10.11.99.1"), kVip, 3, 4, tcp(kWebVip, kClient, "x").ip_bytes(), 28, 1400);
  const Frame outbound =
      icmp_error(kReal1.address, kClient.address, 3, 3, tcp(kClient, kReal1, "x").ip_bytes());
  rig.run(kClients, inbound);
  CHECK(rig.kernel == Outs{out(kClients, inbound)});
  rig.run(kServers, outbound);
  CHECK(rig.kernel == Outs{out(kServers, outbound)});
}

}  // namespace steelyard::test
