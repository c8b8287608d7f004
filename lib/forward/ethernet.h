// The link layer of a packet that is sent on: the frame's own header and tags go, the next hop's come.
#pragma once

#include <cstddef>
#include <cstring>

#include "net/batch.h"
#include "net/headers.h"
#include "service/routes.h"

namespace steelyard {

// The length of the header that frames to `hop` have.
constexpr uint16_t ethernet_length(const NextHop& hop) noexcept {
  return static_cast<uint16_t>(hop.vlan == 0 ? 14 : 18);
}

// Replaces what stands in front of p.ip. Worker threads. Needs at most 4 bytes of headroom, which every mbuf
// of a port has (PacketIo::receive).
void replace_any_ethernet(Packet& p, const NextHop& hop) noexcept;
// The same, untagged to untagged on the spot.
inline void replace_ethernet(Packet& p, const NextHop& hop) noexcept {
  static_assert(offsetof(NextHop, destination) == 0 && offsetof(NextHop, source) == sizeof(Mac));
  if ((hop.vlan | (p.l2_length ^ sizeof(EthernetHeader))) != 0) [[unlikely]]
    return replace_any_ethernet(p, hop);
  uint8_t* frame = p.ip - sizeof(EthernetHeader);
  std::memcpy(frame, &hop, 2 * sizeof(Mac));
  std::memcpy(frame + 2 * sizeof(Mac), &kEtherTypeIpv4, sizeof kEtherTypeIpv4);
}

}  // namespace steelyard
