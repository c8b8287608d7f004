#include "forward/ethernet.h"

#include <cassert>

#include <rte_mbuf.h>

#include "net/headers.h"

namespace steelyard {

namespace {

void resize(Packet& p, uint16_t length) noexcept {
  rte_mbuf& m = *p.mbuf;
  assert(rte_pktmbuf_headroom(&m) + p.l2_length >= length);
  m.data_off = static_cast<uint16_t>(m.data_off + p.l2_length - length);
  m.data_len = static_cast<uint16_t>(m.data_len + length - p.l2_length);
  m.pkt_len = m.pkt_len + length - p.l2_length;
  p.l2_length = static_cast<uint8_t>(length);
}

}  // namespace

void replace_any_ethernet(Packet& p, const NextHop& hop) noexcept {
  const uint16_t length = ethernet_length(hop);
  if (p.l2_length != length) resize(p, length);
  uint8_t* frame = p.ip - length;
  std::memcpy(frame, &hop, 2 * sizeof(Mac));
  const uint16_t type = hop.vlan != 0 ? kEtherTypeVlan : kEtherTypeIpv4;
  std::memcpy(frame + 2 * sizeof(Mac), &type, sizeof type);
  if (hop.vlan == 0) return;
  const VlanTag tag{hop.vlan, kEtherTypeIpv4};
  std::memcpy(frame + sizeof(EthernetHeader), &tag, sizeof tag);
}

}  // namespace steelyard
