// The link layer of a packet that is sent on: the frame's own header and tags go, the next hop's come.
#pragma once

#include "net/batch.h"
#include "service/routes.h"

namespace steelyard {

// The length of the header that frames to `hop` have.
constexpr uint16_t ethernet_length(const NextHop& hop) noexcept {
  return static_cast<uint16_t>(hop.vlan == 0 ? 14 : 18);
}

// Replaces what stands in front of p.ip. Worker threads. Needs at most 4 bytes of headroom, which every mbuf
// of a port has (PacketIo::receive).
void replace_ethernet(Packet& p, const NextHop& hop) noexcept;

}  // namespace steelyard
