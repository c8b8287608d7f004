#include "datapath/captures.h"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "datapath/established.h"
#include "frames.h"
#include "net/headers.h"
#include "packets.h"
#include "replay/dissect.h"
#include "replay/verify.h"

using namespace steelyard;
using namespace steelyard::bench;
using test::ep;

namespace {

const Endpoint kClient = ep("192.0.2.7", 40000), kOther = ep("192.0.2.8", 40001),
               kServer = ep("198.51.100.80", 80);

uint8_t flags(const replay::Bytes& frame) {
  return replay::view_flow(frame, *replay::view_ip(frame))->tcp_flags;
}

// A whole connection with FIN, one with RST, a DNS query and its answer, ARP, and an error about the answer.
Captures everything() {
  Captures c;
  for (const Endpoint client : {kClient, kOther}) {
    c.frames.push_back(test::tcp(client, kServer, kSyn));
    c.frames.push_back(test::tcp(kServer, client, kSyn | kAck));
    c.frames.push_back(test::tcp(client, kServer, "request"));
    c.frames.push_back(test::tcp(kServer, client, "answer"));
    c.frames.push_back(test::tcp(client, kServer, client == kClient ? kFin | kAck : kRst));
    c.frames.push_back(test::tcp(kServer, client, kFin | kAck));
  }
  const Endpoint dns = ep("198.51.100.53", 53);
  c.frames.push_back(test::udp(kClient, dns, "query"));
  const test::Bytes answer = test::udp(dns, kClient, "answer");
  c.frames.push_back(answer);
  c.frames.push_back(test::arp_request(kClient.address, kServer.address));
  const test::Bytes quoted(answer.begin() + 14, answer.end());
  c.frames.push_back(test::icmp_error(kClient.address, dns.address, 3, 3, quoted));
  for (replay::Bytes& f : c.frames) keep_open(f);
  return c;
}

Setting setting(const Captures& captures) {
  Setting s;
  s.captures = &captures;
  return s;
}

}  // namespace

TEST_CASE("What closes a connection is cleared, checksums stay right, all else as it was", "[bench]") {
  replay::Bytes end = test::tcp(kClient, kServer, kFin | kAck), reset = test::tcp(kClient, kServer, kRst);
  for (replay::Bytes* f : {&end, &reset}) {
    keep_open(*f);
    CHECK(replay::checksums_right(*f));
  }
  CHECK(flags(end) == kAck);
  CHECK(flags(reset) == kAck);
  replay::Bytes none = test::tcp(kClient, kServer, 0);
  keep_open(none);
  CHECK(flags(none) == kAck);
  CHECK(replay::checksums_right(none));
  const test::Bytes syn = test::tcp(kClient, kServer, kSyn), query = test::udp(kClient, kServer, "q");
  for (const test::Bytes& f : {syn, query}) {
    replay::Bytes kept = f;
    keep_open(kept);
    CHECK(kept == f);
  }
}

TEST_CASE("Connections are opened so that each gets the server of its replies", "[bench]") {
  std::vector<replay::Bytes> frames;
  std::map<Endpoint, unsigned> wanted;
  for (uint16_t i = 0; i < 40; ++i) {
    const Endpoint client = ep("192.0.2.7", static_cast<uint16_t>(1000 + i));
    frames.push_back(test::tcp(client, kVirtual, kSyn));
    if (i % 3 == 0) continue;  // no reply: any server will do
    wanted[client] = i % 5;
    frames.push_back(test::tcp(server_endpoint(i % 5), client, kSyn | kAck));
  }
  const std::vector<Endpoint> order = opening_order(frames);
  std::set<Endpoint> opened;
  for (std::size_t i = 0; i < order.size(); ++i) {
    CHECK(opened.insert(order[i]).second);
    const auto at = wanted.find(order[i]);
    if (at != wanted.end()) CHECK(at->second == i % kServers);
  }
  for (uint16_t i = 0; i < 40; ++i) CHECK(opened.contains(ep("192.0.2.7", static_cast<uint16_t>(1000 + i))));
}

TEST_CASE("A mapped capture is traffic of established connections, over and over", "[bench]") {
  Captures captures = everything();
  captures.map = true;
  captures.copies = GENERATE(1u, 5u);
  const auto established = establish_captures(setting(captures), buffers());
  CHECK(established->flows() == 3 * captures.copies);
  CHECK(established->packets(0) == captures.frames.size() * captures.copies);
  // All but ARP are forwarded.
  const uint64_t loop = (captures.frames.size() - 1) * captures.copies;
  CHECK(established->sent_for(0, 0, established->packets(0)) == loop);
  CHECK(established->sent_for(0, 3, 2 * established->packets(0)) == 2 * loop);
  established->check(0);
  MemoryNic& nic = established->rig().nic(0);
  const uint64_t before = nic.sent();
  established->load(nic, 0, true);
  const uint64_t done = established->rig().run(0, 1000);
  CHECK(nic.sent() - before == established->sent_for(0, 0, done));
  CHECK(established->flows() == established->rig().director().table().size());
}

TEST_CASE("A capture that was made for the benchmark's service needs no map", "[bench]") {
  Captures captures;
  const std::vector<Spec> specs = {from_client(7, kAck), from_server(7, 3, kAck), from_client(9, kAck),
                                   from_server(9, 3, kAck)};
  captures.frames = frames(specs, kOwnMacs, {kGatewayMac, server_mac(0)});
  const auto established = establish_captures(setting(captures), buffers());
  CHECK(established->sent_for(0, 0, 4) == 4);
  established->check(0);
}

TEST_CASE("Captures that make no traffic are refused", "[bench]") {
  Captures captures;
  captures.frames = {test::arp_request(kClient.address, kServer.address)};
  CHECK_THROWS_WITH(establish_captures(setting(captures), buffers()), Catch::Contains("--map makes traffic"));
  captures.map = true;
  CHECK_THROWS_WITH(establish_captures(setting(captures), buffers()), Catch::Contains("no packet"));
  captures.copies = 1 << 25;
  CHECK_THROWS_WITH(establish_captures(setting(captures), buffers()), Catch::Contains("lower --multiply"));
}
