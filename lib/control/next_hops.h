// Gives neighbours their next-hop slots and keeps them, so that connections can name a next hop by its slot.
// Used by the control core alone.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "pipeline/next_hop.h"
#include "service/network.h"
#include "service/snapshot.h"

namespace steelyard::control {

// The epoch after this one. It wraps, past the two that are no snapshot's: 0, which a new connection has, and
// kEpochBusy.
constexpr uint16_t next_epoch(uint16_t epoch) noexcept {
  const auto next = static_cast<uint16_t>(epoch + 1);
  return next == kEpochBusy || next == 0 ? uint16_t{1} : next;
}

class NextHops {
 public:
  // Takes over a new view of the network. A neighbour keeps its slot as long as it is known; a change of its
  // MAC shows in place. True if the routes changed or a slot was taken back: connections must look their next
  // hops up anew.
  bool update(const Network& network, std::span<const PortInfo> ports);

  const Routes& routes() const noexcept { return routes_; }
  const std::vector<NextHop>& slots() const noexcept { return slots_; }

 private:
  using Key = std::pair<uint64_t, uint32_t>;  // interface, address
  NextHopSlot take_slot();

  std::map<Key, NextHopSlot> known_;
  std::vector<NextHopSlot> free_;
  std::vector<NextHop> slots_ = std::vector<NextHop>(1);  // [0] is the unknown next hop
  std::vector<Route> last_routes_;
  Routes routes_;
};

}  // namespace steelyard::control
