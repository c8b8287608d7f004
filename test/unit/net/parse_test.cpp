#include "net/parse.h"

#include <random>

#include <catch2/catch.hpp>

#include "net/headers.h"
#include "test_eal.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

const Endpoint kClient = ep("192.0.2.1", 31337), kVip = ep("203.0.113.10", 80),
               kServer = ep("10.0.0.11", 8080);
const Ipv4 kRouter = ip("198.51.100.7");

// A parsed frame together with the memory it lies in.
struct Parsed {
  explicit Parsed(const Bytes& frame, uint64_t ol_flags = 0) : mbuf(frame) {
    packet.mbuf = mbuf.get();
    packet.mbuf->ol_flags = ol_flags;
    parse_packet(packet);
  }
  const Packet* operator->() const { return &packet; }
  HeapMbuf mbuf;
  Packet packet;
};

std::string outcome(const Packet& p) {
  if (p.verdict == Verdict::drop) return std::string(to_string(p.reason));
  switch (p.kind) {
    case PacketKind::other:
      return "other";
    case PacketKind::ip:
      return "ip";
    case PacketKind::fragment:
      return "fragment";
    case PacketKind::flow:
      return "flow";
    case PacketKind::icmp_error:
      return "icmp_error";
  }
  return "?";
}
std::string outcome(const Bytes& frame) { return outcome(Parsed(frame).packet); }

Bytes cut(Bytes frame, std::size_t length) {
  frame.resize(length);
  return frame;
}

Frame quoting(const Frame& quoted, std::size_t length = 28, uint8_t type = 3) {
  return icmp_error(kRouter, kVip.address, type, 4, quoted.ip_bytes(), length, 1400);
}

}  // namespace

TEST_CASE("a TCP packet gives up its addresses, ports, flags and lengths", "[net][parse]") {
  const Parsed p(tcp(kClient, kVip, kSyn | kAck, "hello").options({1, 1, 1, 0}).vlan(20).vlan(7, 0x88a8));
  CHECK(outcome(p.packet) == "flow");
  CHECK(p->l2_length == 22);
  CHECK(p->ip == rte_pktmbuf_mtod(p->mbuf, uint8_t*) + 22);
  CHECK(p->ip_header == 24);
  CHECK(p->ip_length == 24 + 20 + 5);
  CHECK(p->source == kClient.address);
  CHECK(p->destination == kVip.address);
  CHECK(p->ip_protocol == 6);
  CHECK(p->tcp_flags == (kSyn | kAck));
  CHECK(p->key.protocol == Protocol::tcp);
  CHECK(p->verdict == Verdict::pending);
}

TEST_CASE("every frame becomes what its bytes say", "[net][parse]") {
  const Frame t = tcp(kClient, kVip, kSyn), u = udp(kClient, kVip, "hi"), q = tcp(kVip, kClient, kAck);
  const Mac group{{1, 0, 0x5e, 0, 0, 18}}, unicast{{2, 0, 0, 0, 0, 2}};
  const auto [name, frame, want] = GENERATE_COPY(table<const char*, Bytes, const char*>({
      {"tcp", t, "flow"},
      {"udp", u, "flow"},
      {"udp without checksum", u.nosum(), "flow"},
      {"bad transport checksum", t.bad_checksum(), "flow"},
      {"one tag", t.vlan(20), "flow"},
      {"802.1ad and 802.1Q", t.vlan(20).vlan(30, 0x88a8), "flow"},
      {"the old QinQ type", t.vlan(20).vlan(30, 0x9100), "flow"},
      {"three tags", t.vlan(20).vlan(30).vlan(40), "other"},
      {"options", t.options({1, 1, 1, 0}), "flow"},
      {"all options", t.options(Bytes(40, 1)), "flow"},
      {"padding", u.pad(18, 0xee), "flow"},
      {"ARP", arp_request(kRouter, kVip.address), "other"},
      {"IPv6", raw_frame(0x86dd, Bytes(40, 0x60)), "other"},
      {"802.3", raw_frame(0x0040, Bytes(64)), "other"},
      {"nothing behind the Ethernet header", raw_frame(0x0806, {}), "other"},
      {"group MAC", t.macs(group, unicast), "ip"},
      {"broadcast MAC", u.macs({{255, 255, 255, 255, 255, 255}}, unicast), "ip"},
      {"group MAC, fragment", u.mf().macs(group, unicast), "ip"},
      {"GRE", ip_frame(kClient.address, kVip.address, 47, Bytes(8)), "ip"},
      {"empty packet", ip_frame(kClient.address, kVip.address, 47, {}), "ip"},
      {"ping", echo(kClient.address, kVip.address), "ip"},
      {"first fragment", t.mf(), "fragment"},
      {"later fragment", t.offset(1480), "fragment"},
      {"middle fragment", t.mf().offset(8), "fragment"},
      {"short fragment", ip_frame(kClient.address, kVip.address, 6, Bytes(1)).offset(8), "fragment"},
      {"do not fragment", t.df(), "flow"},
      {"empty frame", Bytes{}, "truncated"},
      {"half an Ethernet header", cut(t, 13), "truncated"},
      {"no tag behind its type", cut(t.vlan(1), 14), "truncated"},
      {"half a tag", cut(t.vlan(1), 17), "truncated"},
      {"half a second tag", cut(t.vlan(1).vlan(2), 21), "truncated"},
      {"no IPv4 header", cut(t, 14), "truncated"},
      {"half an IPv4 header", cut(t, 33), "truncated"},
      {"half the options", cut(t.options(Bytes(8, 1)), 14 + 24), "truncated"},
      {"a byte short", cut(u, 14 + 29), "truncated"},
      {"longer than the frame", t.total_length(41), "truncated"},
      {"a tag counts", cut(t.vlan(20), 14 + 40), "truncated"},
      {"version 6", t.version_ihl(0x65), "bad_ip_header"},
      {"version 0", t.version_ihl(0x05), "bad_ip_header"},
      {"short header length", t.version_ihl(0x44), "bad_ip_header"},
      {"header length 0", t.version_ihl(0x40), "bad_ip_header"},
      {"shorter than its header", t.total_length(19), "bad_ip_header"},
      {"no length", t.total_length(0), "bad_ip_header"},
      {"shorter than its options", t.options(Bytes(4, 1)).total_length(23), "bad_ip_header"},
      {"bad header checksum", t.bad_ip_checksum(), "bad_ip_checksum"},
      {"header longer than it was", t.version_ihl(0x46), "bad_ip_checksum"},
      {"TCP of 19 bytes", t.total_length(39), "truncated"},
      {"UDP of 7 bytes", u.total_length(27), "truncated"},
      {"ICMP of 7 bytes", echo(kClient.address, kVip.address).total_length(27), "truncated"},
      {"TCP of nothing", t.total_length(20), "truncated"},
      {"error", quoting(q), "icmp_error"},
      {"time exceeded", quoting(q, 28, 11), "icmp_error"},
      {"parameter problem", quoting(q, 28, 12), "icmp_error"},
      {"source quench", quoting(q, 28, 4), "icmp_error"},
      {"redirect", quoting(q, 28, 5), "ip"},
      {"error that quotes UDP", quoting(udp(kVip, kClient, "x")), "icmp_error"},
      {"error that quotes a ping", quoting(echo(kVip.address, kClient.address)), "ip"},
      {"error that quotes all", quoting(tcp(kVip, kClient, "data"), 1000), "icmp_error"},
      {"error that quotes options", quoting(q.options(Bytes(40, 1)), 68), "icmp_error"},
      {"error that quotes options and no ports", quoting(q.options(Bytes(40, 1)), 67), "ip"},
      {"error that quotes 7 bytes", quoting(q, 27), "ip"},
      {"error that quotes a header", quoting(q, 20), "ip"},
      {"error that quotes 19 bytes", quoting(q, 19), "ip"},
      {"error that quotes nothing", quoting(q, 0), "ip"},
      {"error that quotes IPv6", quoting(q.version_ihl(0x65)), "ip"},
      {"error that quotes a short header", quoting(q.version_ihl(0x44)), "ip"},
      {"error that quotes a first fragment", quoting(q.mf()), "icmp_error"},
      {"error that quotes a later fragment", quoting(q.offset(8)), "ip"},
      {"error that quotes a bad checksum", quoting(q.bad_ip_checksum()), "icmp_error"},
      {"error with options", quoting(q).options({1, 1, 1, 0}), "icmp_error"},
      {"error in padding only", quoting(q).total_length(20 + 8 + 27), "ip"},
      {"error to a group MAC", quoting(q).macs(group, unicast), "ip"},
  }));
  CAPTURE(name);
  CHECK(outcome(frame) == want);
}

TEST_CASE("what the network card says about the header checksum is believed", "[net][parse]") {
  const Bytes good = tcp(kClient, kVip, kSyn), bad = tcp(kClient, kVip, kSyn).bad_ip_checksum();
  CHECK(outcome(Parsed(good, RTE_MBUF_F_RX_IP_CKSUM_BAD).packet) == "bad_ip_checksum");
  CHECK(outcome(Parsed(bad, RTE_MBUF_F_RX_IP_CKSUM_GOOD).packet) == "flow");
  CHECK(outcome(Parsed(good, RTE_MBUF_F_RX_IP_CKSUM_NONE).packet) == "flow");
  CHECK(outcome(Parsed(bad, RTE_MBUF_F_RX_IP_CKSUM_NONE).packet) == "bad_ip_checksum");
}

TEST_CASE("the key follows the direction", "[net][parse]") {
  SECTION("a request") {
    Parsed p(udp(kClient, kVip));
    orient(p.packet, true);
    CHECK(p->key.direction == Direction::inbound);
    CHECK(p->key.client == kClient);
    CHECK(p->key.other == kVip);
  }
  SECTION("a reply") {
    Parsed p(tcp(kServer, kClient, kAck));
    orient(p.packet, false);
    CHECK(p->key.direction == Direction::outbound);
    CHECK(p->key.client == kClient);
    CHECK(p->key.other == kServer);
  }
  SECTION("an error about a reply, from the client's side") {
    Parsed p(quoting(tcp(kVip, kClient, kAck)));
    orient(p.packet, true);
    CHECK(p->key.direction == Direction::inbound);
    CHECK(p->key.protocol == Protocol::tcp);
    CHECK(p->ip_protocol == 1);
    CHECK(p->tcp_flags == 0);
    CHECK(p->key.client == kClient);
    CHECK(p->key.other == kVip);
    CHECK(p->source == kRouter);
    CHECK(p->destination == kVip.address);
  }
  SECTION("an error about a request, from the server's side") {
    const Bytes quoted = udp(kClient, kServer, "x").ip_bytes();
    Parsed p(icmp_error(kServer.address, kClient.address, 3, 3, quoted));
    orient(p.packet, false);
    CHECK(p->key.direction == Direction::outbound);
    CHECK(p->key.protocol == Protocol::udp);
    CHECK(p->key.client == kClient);
    CHECK(p->key.other == kServer);
  }
}

TEST_CASE("an ICMP error's own checksum is checked on demand", "[net][parse]") {
  const Frame error = quoting(tcp(kVip, kClient, "x"), 41);  // an odd length
  CHECK(icmp_checksum_ok(Parsed(error).packet));
  CHECK(icmp_checksum_ok(Parsed(error.pad(9, 0xff)).packet));
  CHECK_FALSE(icmp_checksum_ok(Parsed(error.bad_checksum()).packet));
}

TEST_CASE("headers must lie in the first of several segments", "[net][parse]") {
  const auto parse_split = [](std::size_t at, const Bytes& frame = tcp(kClient, kVip, "some data")) {
    MbufPtr first = to_mbuf({frame.begin(), frame.begin() + static_cast<int>(at)});
    MbufPtr rest = to_mbuf({frame.begin() + static_cast<int>(at), frame.end()});
    rte_pktmbuf_chain(first.get(), rest.release());
    Packet p;
    p.mbuf = first.get();
    parse_packet(p);
    return outcome(p);
  };
  CHECK(parse_split(14 + 40) == "flow");
  CHECK(parse_split(14 + 44) == "flow");
  CHECK(parse_split(14 + 39) == "truncated");
  CHECK(parse_split(14 + 19) == "truncated");
  CHECK(parse_split(13) == "truncated");
  CHECK(parse_split(14 + 24, tcp(kClient, kVip, kAck).options(Bytes(8, 1))) == "truncated");
  CHECK(parse_split(14 + 28 + 27, quoting(tcp(kVip, kClient, kAck))) == "truncated");
  CHECK(parse_split(14 + 28 + 28, quoting(tcp(kVip, kClient, "x"), 41)) == "icmp_error");
}

TEST_CASE("no cut of any frame is read past its end", "[net][parse]") {
  // Under AddressSanitizer each frame lies in memory of exactly its size.
  const Bytes frames[] = {tcp(kClient, kVip, "data").options(Bytes(8, 1)).vlan(1).vlan(2, 0x88a8),
                          udp(kClient, kVip, "data"),
                          quoting(udp(kVip, kClient, "data").options(Bytes(8, 1)))};
  for (const Bytes& frame : frames)
    for (std::size_t length = 0; length < frame.size(); ++length)
      if (outcome(cut(frame, length)) != "truncated") FAIL(length << " of " << hexdump(frame));
}

TEST_CASE("a cut is not read past even if all lengths were made to fit it", "[net][parse]") {
  std::mt19937 random(3);
  const Frame frames[] = {tcp(kClient, kVip, "data").options(Bytes(8, 1)), udp(kClient, kVip, "data"),
                          quoting(udp(kVip, kClient, "data").options(Bytes(8, 1)), 99)};
  for (const Frame& frame : frames) {
    const Bytes whole = frame;
    for (std::size_t length = 14 + 20; length < whole.size(); ++length) {
      Bytes bytes = cut(frame.total_length(static_cast<uint16_t>(length - 14)), length);
      Parsed p(bytes, RTE_MBUF_F_RX_IP_CKSUM_GOOD);
      for (int i = 0; i < 50; ++i) {
        Bytes mangled = bytes;
        mangled[14 + random() % (length - 14)] ^= static_cast<uint8_t>(1 + random() % 255);
        Parsed q(mangled, RTE_MBUF_F_RX_IP_CKSUM_GOOD);
        if (q->kind == PacketKind::icmp_error) static_cast<void>(icmp_checksum_ok(q.packet));
      }
    }
  }
}
