#include "net/answer.h"

#include <functional>

#include <catch2/catch.hpp>

#include "net/headers.h"
#include "net/parse.h"
#include "test_eal.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

const Endpoint kClient = ep("192.0.2.1", 31337), kVip = ep("203.0.113.10", 80);
const Mac kOurs{{2, 0, 0, 0, 0, 1}}, kTheirs{{2, 0, 0, 0, 0, 2}};

struct Received {
  explicit Received(const Bytes& frame) : mbuf(to_mbuf(frame)) {
    packet.mbuf = mbuf.get();
    parse_packet(packet);
    REQUIRE(packet.verdict == Verdict::pending);
  }
  Bytes bytes() const { return to_bytes(*mbuf); }
  MbufPtr mbuf;
  Packet packet;
};

using Answer = std::function<bool(Packet&)>;
Answer unreachable(const char* source, Quote quote = Quote::received) {
  return [=](Packet& p) { return answer_port_unreachable(p, ip(source), quote); };
}

// The IPv4 packet of a frame without its id, as the golden files are compared.
Bytes normal(Bytes packet) {
  packet.at(4) = packet.at(5) = packet.at(10) = packet.at(11) = 0;
  return packet;
}

Bytes answered(const Frame& in, const Answer& answer) {
  Received r(in);
  return answer(r.packet) ? r.bytes() : Bytes{};
}

}  // namespace

TEST_CASE("answers equal those of a Linux host", "[net][answer][golden]") {
  // From test/golden: no_connection_sloppy_0.json and no_servers.json.
  const auto [name, in, want, answer] = GENERATE(table<const char*, const char*, const char*, Answer>({
      {"A", "4500002800014000400626560a0b00010a0a00644e210050000003e8000013895010ffff35790000",
       "4500002800004000400626570a0a00640a0b000100504e21000013890000000050040000396d0000", answer_reset},
      {"PA", "4500002800014000400626560a0b00010a0a00644e220050000003e8000013895018ffff35700000",
       "4500002800004000400626570a0a00640a0b000100504e22000013890000000050040000396c0000", answer_reset},
      {"F", "4500002800014000400626560a0b00010a0a00644e240050000003e8000000005001ffff490e0000",
       "4500002800004000400626570a0a00640a0b000100504e2400000000000003e95014000048fa0000", answer_reset},
      {"FA", "4500002800014000400626560a0b00010a0a00644e250050000003e8000013895011ffff35740000",
       "4500002800004000400626570a0a00640a0b000100504e2500001389000000005004000039690000", answer_reset},
      {"no flags", "4500002800014000400626560a0b00010a0a00644e280050000003e8000000005000ffff490b0000",
       "4500002800004000400626570a0a00640a0b000100504e2800000000000003e85014000048f70000", answer_reset},
      {"no server, TCP", "4500002800014000400626560a0b00010a0a00644e200050000003e8000000005002ffff49110000",
       "45c00044411300004001246d0a0a00640a0b00010303119100000000"
       "4500002800014000400626560a0b00010a0a00644e200050000003e8000000005002ffff49110000",
       unreachable("10.10.0.100")},
      {"no server, UDP", "4500001d00014000401126560a0b00010a0a00644e2200350009250b78",
       "45c0003941140000400124770a0a00640a0b00010303119100000000"
       "4500001d00014000401126560a0b00010a0a00644e2200350009250b78",
       unreachable("10.10.0.100")},
      {"server side", "4500002800014000400626a50a14000b0a0b000100507919000003e8000013895010ffff0ad00000",
       "45c00044777d00004001ee480a1400010a14000b0303114200000000"
       "45000028000140003f0627a50a14000b0a0b000100507919000003e8000013895010ffff0ad00000",
       unreachable("10.20.0.1", Quote::forwarded)},
  }));
  CAPTURE(name);
  const Bytes out = answered(ip_frame(from_hex(in)), answer);
  REQUIRE(out.size() > 34);
  CHECK(hexdump(normal(Bytes(out.begin() + 14, out.end()))) == hexdump(normal(from_hex(want))));
  CHECK(checksums_ok(out));
  CHECK(checksums(out).quoted_ip);
  CHECK(Mac{{out[0], out[1], out[2], out[3], out[4], out[5]}} == kTheirs);
  CHECK(Mac{{out[6], out[7], out[8], out[9], out[10], out[11]}} == kOurs);
}

TEST_CASE("fragmentation needed quotes up to 576 bytes, one hop on", "[net][answer][golden]") {
  // From test/golden: mtu_fragneeded.json; its payload is 960 times 'a'.
  const Endpoint client = ep("10.11.0.1", 20000), vip = ep("10.10.0.100", 80);
  const Frame in = tcp(client, vip, kAck, std::string(960, 'a')).df().seq(1001);
  REQUIRE(hex(in.ip_bytes()).substr(0, 88) ==
          "450003e800014000400622960a0b00010a0a00644e200050000003e9000013895010ffff9b22000061616161");
  const Bytes out = answered(in, [&](Packet& p) { return answer_fragmentation_needed(p, vip.address, 600); });
  const Bytes want = from_hex(
      "45c00240b00d00004001b3760a0a00640a0b000103040af000000258"
      "450003e8000140003f0623960a0b00010a0a00644e200050000003e9000013895010ffff9b2200006161");
  REQUIRE(out.size() == 14 + 576);
  CHECK(hexdump(normal({out.begin() + 14, out.begin() + 14 + static_cast<int>(want.size())})) ==
        hexdump(normal(want)));
  CHECK(checksums_ok(out));
}

TEST_CASE("an answer keeps tags, takes back options and describes itself", "[net][answer]") {
  const Frame in =
      tcp(kClient, kVip, kAck, "data").options(Bytes(8, 1)).vlan(20).vlan(7, 0x88a8).pad(9).tos(0x2a);
  SECTION("reset") {
    Received r(in);
    REQUIRE(answer_reset(r.packet));
    const Frame want = tcp(kVip, kClient, kRst).seq(5001).window(0).id(0).df().tos(0x28);
    CHECK(hexdump(r.bytes()) == hexdump(want.vlan(20).vlan(7, 0x88a8).macs(kTheirs, kOurs)));
    CHECK(r.mbuf->pkt_len == 22 + 40);
    CHECK(r.packet.ip_length == 40);
    CHECK(r.packet.ip_header == 20);
    CHECK(r.packet.source == kVip.address);
    CHECK(r.packet.destination == kClient.address);
  }
  SECTION("time exceeded") {
    Received r(in.ttl(1));
    REQUIRE(answer_time_exceeded(r.packet, kVip.address));
    const Frame want = icmp_error(kVip.address, kClient.address, 11, 0, in.ttl(1).ip_bytes(), 1000).tos(0xca);
    CHECK(hexdump(r.bytes()) == hexdump(want.vlan(20).vlan(7, 0x88a8).macs(kTheirs, kOurs)));
    CHECK(r.packet.ip == rte_pktmbuf_mtod(r.packet.mbuf, uint8_t*) + 22);
    CHECK(r.packet.ip_length == 28 + 28 + 24);
    CHECK(r.packet.ip_protocol == 1);
    CHECK(r.packet.kind == PacketKind::ip);
  }
}

TEST_CASE("a reset acknowledges data, SYN and FIN", "[net][answer]") {
  Received r(tcp(kClient, kVip, kSyn | kFin | kPsh, "data").tcp_options({2, 4, 5, 180}).seq(0xfffffffe));
  REQUIRE(answer_reset(r.packet));
  const Frame want = tcp(kVip, kClient, kRst | kAck).seq(0).ack(4).window(0).id(0).df();
  CHECK(hexdump(r.bytes()) == hexdump(want.macs(kTheirs, kOurs)));
}

TEST_CASE("some packets are never answered", "[net][answer]") {
  const Frame t = tcp(kClient, kVip, kAck), q = udp(kVip, kClient);
  const auto from = [](const char* address) { return tcp(ep(address, 5), kVip, kAck); };
  const auto to = [](const char* address) { return tcp(kClient, ep(address, 5), kAck); };
  const auto icmp = [](uint8_t type) { return echo(kClient.address, kVip.address, 1, 1, type); };
  const auto [name, in, want] = GENERATE_COPY(table<const char*, Frame, bool>({
      {"plain", t, true},
      {"from zero", from("0.0.0.0"), false},
      {"from network zero", from("0.1.2.3"), false},
      {"from loopback", from("127.0.0.1"), false},
      {"from a group", from("224.0.0.5"), false},
      {"from class E", from("240.0.0.1"), false},
      {"from everybody", from("255.255.255.255"), false},
      {"from the last host", from("223.255.255.255"), true},
      {"to a group", to("239.1.2.3"), false},
      {"to everybody", to("255.255.255.255"), false},
      {"group MAC", t.macs({{1, 0, 0x5e, 0, 0, 1}}, kTheirs), false},
      {"from a group MAC", t.macs(kOurs, {{3, 0, 0, 0, 0, 2}}), false},
      {"first fragment", t.mf(), true},
      {"later fragment", t.offset(8), false},
      {"ARP", arp_request(kClient.address, kVip.address), false},
      {"ping", icmp(8), true},
      {"timestamp", icmp(13), true},
      {"redirect", icmp(5), false},
      {"unknown ICMP", icmp(40), false},
      {"ICMP error", icmp_error(kClient.address, kVip.address, 3, 3, q.ip_bytes()), false},
      {"ICMP error in a first fragment", icmp_error(kClient.address, kVip.address, 3, 3, q.ip_bytes()).mf(),
       false},
      {"empty fragment of ICMP", ip_frame(kClient.address, kVip.address, 1, {}).mf(), false},
  }));
  CAPTURE(name);
  Received r(in);
  CHECK(may_answer(r.packet) == want);
  CHECK(answer_port_unreachable(r.packet, kVip.address) == want);
  if (!want) CHECK(hexdump(r.bytes()) == hexdump(in));
}

TEST_CASE("no reset where a host sends none", "[net][answer]") {
  const Frame t = tcp(kClient, kVip, kAck, "data");
  const auto [name, in, want] = GENERATE_COPY(table<const char*, Frame, bool>({
      {"data", t, true},
      {"a reset", tcp(kClient, kVip, kRst), false},
      {"a reset with everything", tcp(kClient, kVip, 0x3f), false},
      {"UDP", udp(kClient, kVip), false},
      {"a first fragment", t.mf(), false},
      {"bad checksum", t.bad_checksum(), false},
      {"padding does not count", t.pad(7, 0x55), true},
      {"from a group", tcp(ep("224.0.0.1", 1), kVip, kAck), false},
  }));
  CAPTURE(name);
  Received r(in);
  CHECK(answer_reset(r.packet) == want);
  if (!want) CHECK(hexdump(r.bytes()) == hexdump(in));
}

TEST_CASE("an impossible TCP header gets no reset", "[net][answer]") {
  for (const int words : {0, 4, 6, 15}) {
    Bytes frame = tcp(kClient, kVip, kAck);
    frame[14 + 20 + 12] = static_cast<uint8_t>(words << 4);
    fix_checksums(frame);
    Received r(frame);
    CAPTURE(words);
    CHECK_FALSE(answer_reset(r.packet));
  }
}

TEST_CASE("no address to answer from or no room: no answer", "[net][answer]") {
  Received r(udp(kClient, kVip));
  CHECK_FALSE(answer_port_unreachable(r.packet, {}));
  for (const uint16_t headroom : std::array<uint16_t, 3>{0, 27, 28}) {
    const Bytes frame = udp(kClient, kVip, "data");
    HeapMbuf mbuf(frame, headroom);
    Packet p;
    p.mbuf = mbuf.get();
    parse_packet(p);
    CAPTURE(headroom);
    CHECK(answer_time_exceeded(p, kVip.address) == (headroom == 28));
    if (headroom != 28) CHECK(hexdump(to_bytes(*mbuf.get())) == hexdump(frame));
  }
}

TEST_CASE("a packet in several segments is answered from its first one", "[net][answer]") {
  const Bytes frame = tcp(kClient, kVip, kAck, std::string(400, 'x'));
  const auto free_before = rte_mempool_avail_count(&test_pool());
  {
    MbufPtr first = to_mbuf({frame.begin(), frame.begin() + 100}),
            rest = to_mbuf({frame.begin() + 100, frame.end()});
    rte_pktmbuf_chain(first.get(), rest.release());
    Packet p;
    p.mbuf = first.get();
    parse_packet(p);
    REQUIRE(answer_time_exceeded(p, kVip.address));
    CHECK(first->nb_segs == 1);
    CHECK(to_bytes(*first).size() == 100 + 28);
    CHECK(checksums_ok(to_bytes(*first)));
  }
  CHECK(rte_mempool_avail_count(&test_pool()) == free_before);
}
