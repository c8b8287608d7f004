#include "datapath/frame_check.h"

#include <catch2/catch.hpp>

#include "datapath/rig.h"
#include "packets.h"

using namespace steelyard;
using namespace steelyard::bench;
using test::ep;

namespace {

const Endpoint kClient = ep("192.0.2.7", 40000);

config::Config configuration() { return own_configuration(1000, false); }

test::Frame request(unsigned server, const char* payload = "request") {
  return test::tcp(kClient, server_endpoint(server), payload)
      .ttl(63)
      .macs(server_mac(server), kOwnMacs[kInside]);
}
test::Frame reply() {
  return test::tcp(kVirtual, kClient, "reply").ttl(63).macs(kGatewayMac, kOwnMacs[kOutside]);
}

std::string look_at_request(FrameChecker& checker, const test::Frame& out, uint8_t port = kInside) {
  return checker.look({kOutside, test::tcp(kClient, kVirtual, "request")}, {port, out});
}
std::string look_at_reply(FrameChecker& checker, const test::Frame& out, unsigned from = 3) {
  return checker.look({kInside, test::tcp(server_endpoint(from), kClient, "reply")}, {kOutside, out});
}

}  // namespace

TEST_CASE("A flow that is rewritten both ways is right", "[bench]") {
  FrameChecker checker(configuration());
  CHECK(look_at_request(checker, request(3)) == "");
  CHECK(look_at_request(checker, request(3)) == "");
  CHECK(look_at_reply(checker, reply()) == "");
}

TEST_CASE("Each kind of wrong frame of a flow is seen", "[bench]") {
  FrameChecker checker(configuration());
  CHECK(look_at_request(checker, request(3)) == "");
  CHECK(look_at_request(checker, request(4)) == "went to another server than its flow before");
  CHECK(look_at_request(checker, request(3).ttl(64)) == "wrong time to live");
  CHECK(look_at_request(checker, request(3).bad_checksum()) == "wrong checksum");
  CHECK(look_at_request(checker, request(3).bad_ip_checksum()) == "wrong checksum");
  CHECK(look_at_request(checker, request(3, "Request")) == "wrong payload");
  CHECK(look_at_request(checker, request(3, "requests")) == "wrong payload");
  CHECK(look_at_request(checker, request(3).macs(server_mac(4), kOwnMacs[kInside])) ==
        "wrong MAC address of the next hop");
  CHECK(look_at_request(checker, request(3), kOutside) == "wrong MAC address of its own");
  const auto stray =
      test::tcp(kClient, ep("10.0.0.11", 8081), "request").ttl(63).macs(server_mac(0), kOwnMacs[kInside]);
  CHECK(look_at_request(checker, stray) == "went to no server of its service");
  const auto other = test::tcp(ep("192.0.2.8", 40000), server_endpoint(3), "request").ttl(63);
  CHECK(look_at_request(checker, other.macs(server_mac(3), kOwnMacs[kInside])) == "wrong source");
}

TEST_CASE("Replies that leave from or to somewhere else are seen", "[bench]") {
  FrameChecker checker(configuration());
  CHECK(look_at_request(checker, request(3)) == "");
  const auto from = [](Endpoint e, Endpoint to = kClient) {
    return test::tcp(e, to, "reply").ttl(63).macs(kGatewayMac, kOwnMacs[kOutside]);
  };
  CHECK(look_at_reply(checker, from(server_endpoint(3))) == "wrong source of a reply");
  CHECK(look_at_reply(checker, from(server_endpoint(4)), 4) == "wrong source of a reply");
  CHECK(look_at_reply(checker, from(kVirtual, ep("192.0.2.8", 40000))) == "wrong destination");
}

TEST_CASE("What was wrong stays wrong", "[bench]") {
  FrameChecker checker(configuration());
  const replay::Frame in{kOutside, test::tcp(kClient, kVirtual, "request").bad_checksum()};
  CHECK(checker.look(in, {kInside, request(3).bad_checksum()}) == "");
  CHECK(checker.look(in, {kInside, request(3)}) == "wrong checksum");
}
