#include "forward/ethernet.h"

#include <catch2/catch.hpp>

#include "net/parse.h"
#include "packets.h"
#include "test_eal.h"

namespace steelyard::test {

TEST_CASE("A frame leaves with the next hop's addresses and tag, whatever tags it came with", "[ethernet]") {
  const Frame plain = udp(ep("192.0.2.1", 1), ep("192.0.2.2", 2), "hello");
  const Mac to = mac("02:00:00:00:aa:01"), from = mac("02:00:00:00:aa:02");
  const int tags_in = GENERATE(0, 1, 2);
  const uint16_t vlan_out = GENERATE(uint16_t{0}, uint16_t{0x2014});
  CAPTURE(tags_in, vlan_out);
  Frame in = plain;
  if (tags_in > 0) in = in.vlan(7);
  if (tags_in > 1) in = in.vlan(8, 0x88a8);
  const MbufPtr mbuf = to_mbuf(in);
  Packet p;
  p.mbuf = mbuf.get();
  parse_packet(p);
  replace_ethernet(p, NextHop{to, from, swap16(vlan_out), 1500, 0, true});

  Frame want = plain.macs(to, from);
  if (vlan_out != 0) want = want.vlan(vlan_out);
  CHECK(hexdump(to_bytes(*mbuf)) == hexdump(want));
  CHECK(mbuf->pkt_len == want.bytes().size());
}

}  // namespace steelyard::test
