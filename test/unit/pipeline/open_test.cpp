// Which packets open a connection, which server it gets, and what becomes of those that may not.
#include <catch2/catch.hpp>

#include "rig.h"
#include "test_eal.h"

namespace steelyard::test {

using Outs = std::vector<Out>;

namespace {

Endpoint client(uint16_t n) { return ep("10.11.0.1", static_cast<uint16_t>(20000 + n)); }

// As the packet builder's frames are answered: MACs exchanged.
Frame turned(const Frame& f) { return f.macs(mac("02:00:00:00:00:02"), mac("02:00:00:00:00:01")); }

// What a Linux host sends for a segment of a connection that does not exist.
Out reset(Endpoint to, uint32_t seq) {
  return out(kClients, turned(tcp(kWebVip, to, kRst).seq(seq).window(0).id(0).df()));
}
Out reset_ack(Endpoint to, uint32_t ack) {
  return out(kClients, turned(tcp(kWebVip, to, kRst | kAck).seq(0).ack(ack).window(0).id(0).df()));
}

}  // namespace

TEST_CASE("Servers are picked in the order of the schedule, once per connection", "[pipeline][open]") {
  Rig rig;
  const auto syn = [](uint16_t n) { return tcp(client(n), kWebVip, kSyn); };
  const auto s1 = [](uint16_t n) { return to_server1(tcp(client(n), kReal1, kSyn)); };
  const auto s2 = [](uint16_t n) { return to_server2(tcp(client(n), kReal2, kSyn)); };
  CHECK(rig.run(kClients, {syn(1), syn(2), syn(1), syn(3), syn(4), syn(2)}) ==
        Outs{s1(1), s2(2), s1(1), s1(3), s2(4), s2(2)});
  CHECK(rig.table().size() == 4);
}

TEST_CASE("A batch's later packets find the connection that an earlier one opened", "[pipeline][open]") {
  Rig rig;
  CHECK(rig.run(kClients, {tcp(kClient, kWebVip, kSyn), tcp(kClient, kWebVip, "x")}) ==
        Outs{to_server1(tcp(kClient, kReal1, kSyn)), to_server1(tcp(kClient, kReal1, "x"))});
}

TEST_CASE("Without a connection only what may open one passes", "[pipeline][open][golden]") {
  struct Case {
    const char* name;
    uint8_t flags;
    bool opens, opens_sloppy;
    State sloppy_state;
  };
  const auto k = GENERATE(values<Case>({
      {"S", kSyn, true, true, State::syn_recv},
      {"SA", kSyn | kAck, true, true, State::syn_recv},
      {"SF", kSyn | kFin, true, true, State::syn_recv},
      {"SP", kSyn | kPsh, true, true, State::syn_recv},
      {"A", kAck, false, true, State::established},
      {"PA", kPsh | kAck, false, true, State::established},
      {"F", kFin, false, true, State::close},
      {"FA", kFin | kAck, false, true, State::close},
      {"none", 0, false, true, State::close},
      {"R", kRst, false, false, State::none},
      {"RA", kRst | kAck, false, false, State::none},
      {"SR", kSyn | kRst, false, false, State::none},
  }));
  const bool sloppy = GENERATE(false, true);
  CAPTURE(k.name, sloppy);
  Rig rig;
  rig.snap.services[kWeb].sloppy_tcp = sloppy;
  const Outs sent = rig.run(kClients, tcp(kClient, kWebVip, k.flags));
  if (sloppy ? k.opens_sloppy : k.opens) {
    CHECK(sent == Outs{to_server1(tcp(kClient, kReal1, k.flags))});
    REQUIRE(rig.connection() != nullptr);
    CHECK(rig.connection()->state() == k.sloppy_state);
    const bool active = is_active(k.sloppy_state);
    CHECK(rig.counters.servers[kWeb1].active.get() == (active ? 1 : 0));
    CHECK(rig.counters.servers[kWeb1].inactive.get() == (active ? 0 : 1));
  } else {
    CHECK(rig.connection() == nullptr);
    CHECK(rig.dropped(DropReason::no_connection) == 1);
    CHECK(rig.kernel.empty());
    CHECK((sent.empty() == ((k.flags & kRst) != 0)));
  }
}

TEST_CASE("A packet that may open no connection is answered with the RST of a Linux host",
          "[pipeline][open][golden]") {
  Rig rig;
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kAck).df()) == Outs{reset(kClient, 5001)});
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kFin | kAck)) == Outs{reset(kClient, 5001)});
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kFin)) == Outs{reset_ack(kClient, 1001)});
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, uint8_t{0})) == Outs{reset_ack(kClient, 1000)});
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kRst)) == Outs{});
  CHECK(rig.dropped(DropReason::no_connection) == 5);
  CHECK(rig.counters.originated.get() == 4);
}

TEST_CASE("no_connection: drop stays silent", "[pipeline][open]") {
  Rig rig;
  rig.snap.services[kWeb].no_connection = NoConnection::drop;
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kAck)).empty());
  CHECK(rig.dropped(DropReason::no_connection) == 1);
}

TEST_CASE("An answer leaves with the tags of its cause", "[pipeline][open][vlan]") {
  Rig rig;
  const Frame want = turned(tcp(kWebVip, kClient, kRst).seq(5001).window(0).id(0).df());
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kAck).vlan(7)) == Outs{out(kClients, want.vlan(7))});
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kAck).vlan(7).vlan(8, 0x88a8)) ==
        Outs{out(kClients, want.vlan(7).vlan(8, 0x88a8))});
}

TEST_CASE("No usable server: port unreachable from the virtual address", "[pipeline][open][golden]") {
  Rig rig;
  rig.schedule(kWeb, {});
  rig.schedule(kDns, {});
  const auto unreachable = [](const Frame& cause) {
    return out(kClients, turned(icmp_error(kVip, kClient.address, 3, 3, cause.ip_bytes(), 1000)).tos(0xc0));
  };
  const Frame syn = tcp(kClient, kWebVip, kSyn), query = udp(kClient, kDnsVip, "x");
  CHECK(rig.run(kClients, syn) == Outs{unreachable(syn)});
  CHECK(rig.run(kClients, query) == Outs{unreachable(query)});
  CHECK(rig.dropped(DropReason::no_server) == 2);
  CHECK(rig.counters.originated.get() == 2);
  CHECK(rig.table().size() == 0);
}

TEST_CASE("A SYN on the end of a connection is scheduled anew, else it stays", "[pipeline][open][golden]") {
  Rig rig;
  rig.establish();  // on server 1
  const Frame syn = tcp(kClient, kWebVip, kSyn);
  SECTION("ESTABLISHED stays") {
    CHECK(rig.run(kClients, syn) == Outs{to_server1(tcp(kClient, kReal1, kSyn))});
  }
  SECTION("CLOSE_WAIT stays") {
    rig.run(kClients, tcp(kClient, kWebVip, kFin | kAck));
    CHECK(rig.run(kClients, syn) == Outs{to_server1(tcp(kClient, kReal1, kSyn))});
    CHECK(rig.connection()->state() == State::syn_recv);
  }
  SECTION("TIME_WAIT") {
    rig.run(kClients, tcp(kClient, kWebVip, kFin | kAck));
    rig.run(kServers, tcp(kReal1, kClient, kFin | kAck));
    REQUIRE(rig.connection()->state() == State::time_wait);
    SECTION("a SYN opens anew") {
      CHECK(rig.run(kClients, syn) == Outs{to_server2(tcp(kClient, kReal2, kSyn))});
    }
    SECTION("so do two in one batch, on one connection") {
      CHECK(rig.run(kClients, {syn, syn}) ==
            Outs{to_server2(tcp(kClient, kReal2, kSyn)), to_server2(tcp(kClient, kReal2, kSyn))});
    }
    CHECK(rig.connection()->state() == State::syn_recv);
    CHECK(rig.counters.servers[kWeb1].active.get() + rig.counters.servers[kWeb1].inactive.get() == 0);
    CHECK(rig.counters.servers[kWeb2].active.get() == 1);
  }
  SECTION("CLOSE") {
    rig.run(kServers, tcp(kReal1, kClient, kRst));
    CHECK(rig.run(kClients, syn) == Outs{to_server2(tcp(kClient, kReal2, kSyn))});
  }
  SECTION("CLOSE, but with RST too") {
    rig.run(kServers, tcp(kReal1, kClient, kRst));
    CHECK(rig.run(kClients, tcp(kClient, kWebVip, kSyn | kRst)) ==
          Outs{to_server1(tcp(kClient, kReal1, kSyn | kRst))});
  }
}

TEST_CASE("A full table refuses new connections and keeps the others", "[pipeline][open]") {
  Rig rig({.connections = 1, .limits = unlimited()});
  rig.establish();
  const Frame syn = tcp(client(1), kWebVip, kSyn);
  const Frame unreachable = icmp_error(kVip, kClient.address, 3, 3, syn.ip_bytes(), 1000).tos(0xc0);
  CHECK(rig.run(kClients, syn) == Outs{out(kClients, turned(unreachable))});
  CHECK(rig.dropped(DropReason::table_full) == 1);
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, "x")) == Outs{to_server1(tcp(kClient, kReal1, "x"))});
  // The pick that found no room is the next one's.
  uint32_t last = 0;
  REQUIRE(rig.table().erase(rig.connection(), &last, 0));
  rig.table().reclaim();
  rig.run(kClients, std::vector<Frame>{});
  rig.table().reclaim();
  CHECK(rig.run(kClients, syn) == Outs{to_server2(tcp(client(1), kReal2, kSyn))});
}

TEST_CASE("Nobody who cannot be answered opens a connection", "[pipeline][open]") {
  Rig rig;
  const auto source =
      GENERATE("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.10.0.100", "10.10.0.1");
  CAPTURE(source);
  CHECK(rig.run(kClients, tcp(ep(source, 80), kWebVip, kSyn)).empty());
  CHECK(rig.dropped(DropReason::no_connection) == 1);
  CHECK(rig.table().size() == 0);
}

TEST_CASE("A client endpoint that reaches a server by two services gets another server", "[pipeline][open]") {
  Rig rig;
  const Endpoint second = ep("10.10.0.100", 81), third = ep("10.10.0.100", 82);
  const ServiceSlot slot = rig.add_service(second, {3, 4});
  rig.snap.by_endpoint.add(Protocol::tcp, third, slot);
  // Both services have the same two servers.
  rig.snap.servers.push_back({kReal1, slot, 1});
  rig.snap.servers.push_back({kReal2, slot, 1});

  rig.establish();
  CHECK(rig.run(kClients, tcp(kClient, second, kSyn)) == Outs{to_server2(tcp(kClient, kReal2, kSyn))});
  CHECK(rig.dropped(DropReason::server_conflict) == 0);
  // A third one finds both taken.
  CHECK(rig.run(kClients, tcp(kClient, third, kSyn)).size() == 1);
  CHECK(rig.dropped(DropReason::server_conflict) == 1);
  CHECK(rig.counters.originated.get() == 1);
}

TEST_CASE("A pick newer than the snapshot makes the worker take the newest snapshot", "[pipeline][open]") {
  Rig rig;
  Snapshot newer = rig.snap;
  newer.servers.push_back({ep("10.20.0.12", 9090), kWeb, 1});
  rig.schedule(kWeb, {3});
  HeapMbuf mbuf(tcp(kClient, kWebVip, kSyn));
  Batch batch;
  batch.size = 1;
  Packet& p = batch.packets[0];
  p.mbuf = mbuf.get();
  std::atomic<const Snapshot*> published{&rig.snap};
  WorkerContext context{0, rig.table(), published, rig.counters, RateLimits(unlimited())};
  const Snapshot* snap = &rig.snap;
  parse(batch, *snap, rig.table());
  find_connections(batch, rig.table());
  SECTION("published since the turn began") {
    published = &newer;
    open_connections(batch, snap, context, rig.now);
    REQUIRE(p.connection != nullptr);
    CHECK(p.connection->server == 3);
    CHECK(snap == &newer);
  }
  SECTION("not there at all") {
    open_connections(batch, snap, context, rig.now);
    CHECK(p.reason == DropReason::no_server);
  }
}

TEST_CASE("A client endpoint's connections are bounded", "[pipeline][open]") {
  Rig rig;
  for (uint16_t n = 0; n < 32; ++n) {
    const Endpoint service = ep("10.10.0.100", static_cast<uint16_t>(1000 + n));
    // A server of its own, so that no reply is ambiguous.
    const auto server = static_cast<ServerSlot>(rig.snap.servers.size());
    const ServiceSlot slot = rig.add_service(service, {server});
    rig.snap.servers.push_back({ep("10.20.0.11", static_cast<uint16_t>(9000 + n)), slot, 1});
    rig.run(kClients, tcp(kClient, service, kSyn));
  }
  CHECK(rig.dropped(DropReason::client_endpoint_limit) == 32 - 8);
}

TEST_CASE("What is for no service of a virtual address goes to the kernel", "[pipeline][open]") {
  Rig rig;
  const Frame frame = tcp(kClient, ep("10.10.0.100", 81), kSyn);
  CHECK(rig.run(kClients, frame).empty());
  CHECK(rig.kernel == Outs{out(kClients, frame)});
}

}  // namespace steelyard::test
