// Persistent services through a worker: who goes where, and what becomes of templates.
#include <catch2/catch.hpp>

#include "conn/template.h"
#include "rig.h"
#include "test_eal.h"

namespace steelyard::test {

using Outs = std::vector<Out>;

namespace {

constexpr Ticks kTimeout = 60 * kTicksPerSecond;

Endpoint client(uint8_t last, uint16_t port) {
  return {Ipv4::from_host(ip("10.11.0.0").host() + last), Port::from_host(port)};
}

struct PersistentRig : Rig {
  PersistentRig() {
    snap.services[kWeb].persistence = {kTimeout, {~uint32_t{0}}, Port{kWeb}, kWebVip, false};
  }

  // A SYN's server: 1 or 2, 0 if it was not forwarded.
  int syn(Endpoint from, Endpoint to = kWebVip) {
    const Outs outs = run(kClients, tcp(from, to, kSyn));
    if (outs.size() != 1 || outs[0].port != kServers) return 0;
    const Connection* c = connection(from, to);
    REQUIRE(c != nullptr);
    return c->half[1].address == kReal1.address ? 1 : 2;
  }
  Connection* found(Ipv4 network, const Persistence& p) {
    const Endpoint key{network, p.number};
    return table().find({key, p.endpoint, Protocol::persistence, Direction::inbound},
                        table().hash(key, Protocol::persistence));
  }
  Connection* web_template(uint8_t last) {
    return found(client(last, 0).address, snap.services[kWeb].persistence);
  }
  // Keeps what Snapshot::serving points to.
  std::vector<std::atomic<bool>> serving = std::vector<std::atomic<bool>>(8);
  void all_but(ServerSlot server) {
    for (ServerSlot s = 0; s < serving.size(); ++s) serving[s] = s != server;
    snap.serving = serving.data();
  }
};

}  // namespace

TEST_CASE("A client's next connections go to the server of its last one", "[pipeline][persistence]") {
  PersistentRig rig;
  CHECK(rig.syn(client(1, 1000)) == 1);
  CHECK(rig.syn(client(1, 1001)) == 1);
  CHECK(rig.syn(client(2, 1000)) == 2);
  CHECK(rig.syn(client(1, 1002)) == 1);
  CHECK(rig.syn(client(2, 1001)) == 2);
  CHECK(holds_of(*rig.web_template(1)) == 3);
  CHECK(holds_of(*rig.web_template(2)) == 2);
  // Templates are no connections of servers.
  CHECK(rig.counters.servers[kWeb1].connections.get() == 3);
  CHECK(rig.counters.servers[kWeb2].connections.get() == 2);
  CHECK(rig.table().size() == 5 + 2);
}

TEST_CASE("In one batch, too", "[pipeline][persistence]") {
  PersistentRig rig;
  rig.run(kClients, {tcp(client(1, 1), kWebVip, kSyn), tcp(client(1, 2), kWebVip, kSyn),
                     tcp(client(1, 1), kWebVip, kSyn)});
  CHECK(rig.connection(client(1, 2))->half[1].address == kReal1.address);
  CHECK(holds_of(*rig.web_template(1)) == 2);
}

TEST_CASE("A quiesced server keeps its clients; one that is gone or down does not",
          "[pipeline][persistence]") {
  PersistentRig rig;
  CHECK(rig.syn(client(1, 1)) == 1);
  rig.all_but(~ServerSlot{0});
  rig.schedule(kWeb, {kWeb2});  // weight 0: nobody is scheduled to it
  CHECK(rig.syn(client(1, 2)) == 1);
  CHECK(rig.syn(client(2, 1)) == 2);
  rig.all_but(kWeb1);
  Connection* t = rig.web_template(1);
  CHECK(rig.syn(client(1, 3)) == 2);
  CHECK(rig.web_template(1) == t);  // it has another server now
  rig.all_but(~ServerSlot{0});
  CHECK(rig.syn(client(1, 4)) == 2);
  CHECK(holds_of(*t) == 4);
}

TEST_CASE("Without a usable server a persistent client is refused, and its template kept",
          "[pipeline][persistence]") {
  PersistentRig rig;
  CHECK(rig.syn(client(1, 1)) == 1);
  rig.all_but(kWeb1);
  rig.schedule(kWeb, {});
  CHECK(rig.syn(client(1, 2)) == 0);
  CHECK(rig.dropped(DropReason::no_server) == 1);
  CHECK(holds_of(*rig.web_template(1)) == 1);
  rig.all_but(~ServerSlot{0});
  CHECK(rig.syn(client(1, 2)) == 1);
}

TEST_CASE("A pick that another worker's template made needless is used for the next client",
          "[pipeline][persistence]") {
  PersistentRig rig;
  CHECK(rig.syn(client(1, 1)) == 1);
  CHECK(rig.syn(client(2, 1)) == 2);
  rig.all_but(kWeb2);
  rig.schedule(kWeb, {kWeb1});
  CHECK(rig.syn(client(2, 2)) == 1);
}

TEST_CASE("A template that is over is replaced, though the sweep has not come yet",
          "[pipeline][persistence]") {
  PersistentRig rig;
  CHECK(rig.syn(client(1, 1)) == 1);
  uint32_t last = 0;
  REQUIRE(rig.table().erase(rig.connection(client(1, 1)), &last, rig.now.ticks));
  rig.now.ticks += kTimeout;
  CHECK(rig.syn(client(1, 2)) == 1);
  REQUIRE(rig.table().erase(rig.connection(client(1, 2)), &last, rig.now.ticks));
  rig.now.ticks += kTimeout + 1;
  CHECK(rig.syn(client(1, 3)) == 2);
}

TEST_CASE("A connection that is opened anew holds its template once", "[pipeline][persistence]") {
  PersistentRig rig;
  CHECK(rig.syn(client(1, 1)) == 1);
  CHECK(rig.syn(client(2, 1)) == 2);
  rig.establish(client(1, 2));
  CHECK(is_assured(*rig.web_template(1)));
  CHECK_FALSE(is_assured(*rig.web_template(2)));
  rig.run(kClients, tcp(client(1, 2), kWebVip, kRst));
  CHECK(rig.syn(client(1, 2)) == 1);
  CHECK(holds_of(*rig.web_template(1)) == 2);
}

TEST_CASE("A connection that can't be opened leaves no hold", "[pipeline][persistence]") {
  PersistentRig rig;
  // The same client endpoint and server by another service.
  const Endpoint other = ep("10.10.0.100", 81);
  const ServiceSlot slot = rig.add_service(other, {3});
  rig.snap.servers.push_back({kReal1, slot, 1});
  CHECK(rig.syn(client(1, 1), other) == 1);
  CHECK(rig.syn(client(1, 1)) == 0);
  CHECK(rig.dropped(DropReason::server_conflict) == 1);
  CHECK(holds_of(*rig.web_template(1)) == 0);
  CHECK(rig.syn(client(1, 2)) == 1);
}

TEST_CASE("A full table has no room for templates either", "[pipeline][persistence]") {
  PersistentRig rig;
  while (rig.table().allocate(0) != nullptr) {
  }
  CHECK(rig.syn(client(1, 1)) == 0);
  CHECK(rig.dropped(DropReason::table_full) == 1);
}

TEST_CASE("Clients of one network are one client", "[pipeline][persistence]") {
  PersistentRig rig;
  rig.snap.services[kWeb].persistence.mask = ip("255.255.255.240");
  CHECK(rig.syn(client(1, 1)) == 1);
  CHECK(rig.syn(client(15, 1)) == 1);
  CHECK(rig.syn(client(16, 1)) == 2);
  CHECK(holds_of(*rig.found(ip("10.11.0.0"), rig.snap.services[kWeb].persistence)) == 2);
}

TEST_CASE("A service of port 0 takes all ports that no other one has, and keeps them",
          "[pipeline][persistence]") {
  Rig rig;
  const Endpoint all = ep("10.10.0.100", 0);
  const ServiceSlot slot = rig.add_service(all, {3});
  rig.snap.servers.push_back({{kReal2.address, {}}, slot, 1});
  rig.snap.services[slot].persistence = {kTimeout, {~uint32_t{0}}, Port{slot}, all, false};
  const Endpoint ssh = ep("10.10.0.100", 22), real = ep("10.20.0.12", 22);
  CHECK(rig.run(kClients, tcp(kClient, ssh, kSyn)) == Outs{to_server2(tcp(kClient, real, kSyn))});
  CHECK(rig.run(kServers, tcp(real, kClient, kSyn | kAck)) ==
        Outs{to_client(tcp(ssh, kClient, kSyn | kAck))});
  CHECK(rig.run(kClients, tcp(client(9, 1), kWebVip, kSyn)) ==
        Outs{to_server1(tcp(client(9, 1), kReal1, kSyn))});
  // Without a connection: as to any service.
  CHECK(rig.run(kClients, tcp(client(9, 2), ssh, kAck)).size() == 1);
  CHECK(rig.dropped(DropReason::no_connection) == 1);
  CHECK(rig.run(kClients, udp(kClient, ssh, "x")).empty());
  CHECK(rig.kernel.size() == 1);
}

TEST_CASE("Services of a group are one to a client", "[pipeline][persistence]") {
  Rig rig;
  const Endpoint https = ep("10.10.0.100", 443);
  const ServiceSlot safe = rig.add_service(https, {4, 3});  // another server first
  rig.snap.servers.push_back({ep("10.20.0.11", 8443), safe, 1});
  rig.snap.servers.push_back({ep("10.20.0.12", 8443), safe, 1});
  const Endpoint mark{Ipv4::from_host(1), {}};
  const Persistence group{kTimeout, {~uint32_t{0}}, Port{0xfffe}, mark, true};
  for (const ServiceSlot s : {kWeb, safe}) rig.snap.services[s].persistence = group;
  for (ServerSlot s = 0; s < rig.snap.servers.size(); ++s)
    if (s != kDns1)
      rig.snap.group_servers.add(
          Protocol::persistence,
          Snapshot::group_key(rig.snap.servers[s].service, rig.snap.servers[s].address.address), s);
  const auto server = [&](Endpoint from, Endpoint to) {
    rig.run(kClients, tcp(from, to, kSyn));
    const Connection* c = rig.connection(from, to);
    REQUIRE(c != nullptr);
    return c->server_endpoint();
  };
  CHECK(server(client(1, 1), kWebVip) == kReal1);
  CHECK(server(client(1, 2), https) == ep("10.20.0.11", 8443));
  CHECK(server(client(2, 1), https) == ep("10.20.0.12", 8443));
  CHECK(server(client(2, 2), kWebVip) == kReal2);
  // HTTPS fails on the first server: the client goes elsewhere with all services.
  std::vector<std::atomic<bool>> serving(8);
  for (ServerSlot s = 0; s < serving.size(); ++s) serving[s] = s != 3;
  rig.snap.serving = serving.data();
  rig.schedule(safe, {4});
  CHECK(server(client(1, 3), https) == ep("10.20.0.12", 8443));
  CHECK(server(client(1, 4), kWebVip) == kReal2);
}

}  // namespace steelyard::test
