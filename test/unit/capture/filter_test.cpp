#include "capture/filter.h"

#include <catch2/catch.hpp>

#include "conn/connection.h"
#include "net/parse.h"
#include "packets.h"
#include "test_eal.h"

using namespace steelyard;
using namespace steelyard::test;
using capture::Filter;

namespace {

const Endpoint kUser = ep("192.0.2.7", 4000), kVip = ep("203.0.113.10", 80), kReal = ep("10.0.0.11", 8080),
               kOther = ep("203.0.113.10", 443);

// A packet as it stands after track(); what an earlier one left in its place is still there.
struct Parsed {
  explicit Parsed(const Frame& frame, Connection* c = nullptr) : mbuf(frame.bytes()) {
    p.source = p.destination = kUser.address;
    p.key = {kUser, kVip, Protocol::tcp, Direction::inbound};
    p.start(mbuf.get());
    parse_packet(p);
    if (p.kind == PacketKind::flow || p.kind == PacketKind::icmp_error)
      orient(p, p.destination == kVip.address);
    p.connection = c;
  }
  HeapMbuf mbuf;
  Packet p;
};

bool concerned(const Filter& f, const Frame& frame, Connection* c = nullptr) {
  return concerns(f, Parsed(frame, c).p);
}

Filter of_service() {
  Filter f;
  f.service = {3, kVip, Protocol::tcp};
  return f;
}
Filter of_client(const char* address, uint8_t length = 32) {
  Filter f;
  f.client = Prefix{ip(address), length};
  return f;
}

}  // namespace

TEST_CASE("without a wish every frame is wanted", "[capture]") {
  CHECK(concerned({}, tcp(kUser, kVip, kSyn)));
  CHECK(concerned({}, arp_request(kUser.address, kVip.address)));
  CHECK(concerned({}, raw_frame(0x88cc, Bytes(2))));
}

TEST_CASE("a service: what goes to it, and both sides of its connections", "[capture]") {
  Connection own, others;
  own.service = 3;
  others.service = 4;
  const Filter f = of_service();
  CHECK(concerned(f, tcp(kUser, kVip, kSyn)));
  CHECK(concerned(f, tcp(kUser, kVip, kSyn), &own));
  CHECK(concerned(f, tcp(kReal, kUser, kAck), &own));
  CHECK_FALSE(concerned(f, tcp(kReal, kUser, kAck)));
  CHECK_FALSE(concerned(f, tcp(kReal, kUser, kAck), &others));
  CHECK_FALSE(concerned(f, tcp(kUser, kOther, kSyn)));
  CHECK_FALSE(concerned(f, udp(kUser, kVip)));
  CHECK_FALSE(concerned(f, echo(kUser.address, kVip.address)));
  CHECK_FALSE(concerned(f, arp_request(kUser.address, kVip.address)));
}

TEST_CASE("a service: ICMP errors about its connections, fragments to its address", "[capture]") {
  const Filter f = of_service();
  const Bytes quoted = tcp(kVip, kUser, kAck).ip_bytes();
  CHECK(concerned(f, icmp_error(ip("192.0.2.1"), kVip.address, kIcmpUnreachable, 1, quoted)));
  CHECK_FALSE(concerned(f, icmp_error(ip("192.0.2.1"), kVip.address, kIcmpUnreachable, 1,
                                      tcp(kOther, kUser, kAck).ip_bytes())));
  CHECK(concerned(f, tcp(kUser, kVip, "x").mf()));
  CHECK_FALSE(concerned(f, udp(kUser, kVip, "x").mf()));
  CHECK_FALSE(concerned(f, tcp(kUser, kReal, "x").mf()));
}

TEST_CASE("a client: on either side of the packet, or in the packet that an error is about", "[capture]") {
  for (const Filter& f : {of_client("192.0.2.7"), of_client("192.0.2.0", 24)}) {
    CHECK(concerned(f, tcp(kUser, kVip, kSyn)));
    CHECK(concerned(f, tcp(kReal, kUser, kSyn)));
    CHECK(concerned(f, echo(kUser.address, kVip.address)));
    CHECK(concerned(f, tcp(kUser, kVip, "x").mf()));
    CHECK(concerned(
        f, icmp_error(ip("10.9.9.9"), kVip.address, kIcmpUnreachable, 1, tcp(kVip, kUser, kAck).ip_bytes())));
    CHECK_FALSE(concerned(f, tcp(ep("192.0.3.7", 4000), kVip, kSyn)));
  }
  CHECK_FALSE(concerned(of_client("192.0.2.8"), tcp(kUser, kVip, kSyn)));
}

TEST_CASE("of what cannot be parsed nothing is known", "[capture]") {
  // The packet before was the client's and the service's.
  CHECK_FALSE(concerned(of_client("192.0.2.7"), arp_request(ip("192.0.2.9"), kVip.address)));
  CHECK_FALSE(concerned(of_client("192.0.2.7"), ip_frame(Bytes(10))));
  CHECK_FALSE(concerned(of_service(), ip_frame(Bytes(10))));
  CHECK(concerned(of_client("192.0.2.7"), tcp(kUser, kVip, kSyn).bad_ip_checksum()));
}
