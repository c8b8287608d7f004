#include "forward/ethernet.h"

#include <cassert>
#include <cstddef>
#include <cstring>

#include <rte_mbuf.h>

#include "net/headers.h"

namespace steelyard {

void replace_ethernet(Packet& p, const NextHop& hop) noexcept {
  const uint16_t length = ethernet_length(hop);
  rte_mbuf& m = *p.mbuf;
  assert(rte_pktmbuf_headroom(&m) + p.l2_length >= length);
  if (p.l2_length != length) [[unlikely]] {
    m.data_off = static_cast<uint16_t>(m.data_off + p.l2_length - length);
    m.data_len = static_cast<uint16_t>(m.data_len + length - p.l2_length);
    m.pkt_len = m.pkt_len + length - p.l2_length;
    p.l2_length = static_cast<uint8_t>(length);
  }

  uint8_t* frame = p.ip - length;
  auto& ethernet = *reinterpret_cast<EthernetHeader*>(frame);
  static_assert(offsetof(NextHop, source) == offsetof(NextHop, destination) + 6);
  std::memcpy(frame, &hop, 12);  // both addresses
  ethernet.type = kEtherTypeIpv4;
  if (hop.vlan != 0) [[unlikely]] {
    ethernet.type = kEtherTypeVlan;
    const VlanTag tag{hop.vlan, kEtherTypeIpv4};
    std::memcpy(frame + sizeof ethernet, &tag, sizeof tag);
  }
}

}  // namespace steelyard
