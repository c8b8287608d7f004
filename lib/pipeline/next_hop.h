// The next hop of a connection's packets: a slot in the connection for each direction, looked up anew when
// the routes have changed since.
//
// Connection::route_epoch guards the two slots: whoever finds another epoch in it than that of its snapshot
// takes it to kEpochBusy by CAS, writes both slots and then its epoch (release). Who meets kEpochBusy looks
// up for itself and stores nothing, so a worker stopped midway makes nobody wait, and slots and epoch always
// belong together.
#pragma once

#include "conn/connection.h"
#include "net/batch.h"
#include "service/snapshot.h"

namespace steelyard {

inline constexpr uint16_t kEpochBusy = 0xffff;  // no snapshot's epoch; if one has it, nothing is cached

// Looks up both slots of a connection that nobody else sees yet.
void set_next_hops(Connection& c, const Snapshot& snap) noexcept;

// Slow path: by the routes. Null: not known or not usable.
const NextHop* look_up_next_hop(Connection& c, Direction d, const Snapshot& snap) noexcept;

// Where packets of direction d go. Null: not known or not usable (yet).
inline const NextHop* next_hop(Connection& c, Direction d, const Snapshot& snap) noexcept {
  if (c.route_epoch.load(std::memory_order_acquire) == snap.route_epoch) [[likely]] {
    const NextHopSlot slot = c.half[static_cast<std::size_t>(d)].next_hop.load(std::memory_order_relaxed);
    if (slot < snap.next_hops.size() && snap.next_hops[slot].usable) [[likely]]
      return &snap.next_hops[slot];
  }
  return look_up_next_hop(c, d, snap);
}

// The address that packets of direction d are sent to.
inline Ipv4 destination_of(const Connection& c, Direction d) noexcept {
  return d == Direction::inbound ? c.half[1].address : c.client_address;
}

}  // namespace steelyard
