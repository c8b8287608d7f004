#include "pipeline/next_hop.h"

namespace steelyard {
namespace {

void store_slots(Connection& c, const Snapshot& snap) noexcept {
  for (const Direction d : {Direction::inbound, Direction::outbound})
    c.half[static_cast<std::size_t>(d)].next_hop.store(snap.routes.find(destination_of(c, d)),
                                                       std::memory_order_relaxed);
}

}  // namespace

void set_next_hops(Connection& c, const Snapshot& snap) noexcept {
  store_slots(c, snap);
  c.route_epoch.store(snap.route_epoch, std::memory_order_relaxed);
}

const NextHop* look_up_next_hop(Connection& c, Direction d, const Snapshot& snap) noexcept {
  uint16_t seen = c.route_epoch.load(std::memory_order_relaxed);
  if (seen != kEpochBusy &&
      c.route_epoch.compare_exchange_strong(seen, kEpochBusy, std::memory_order_acq_rel)) {
    store_slots(c, snap);
    c.route_epoch.store(snap.route_epoch, std::memory_order_release);
  }
  const NextHopSlot slot = snap.routes.find(destination_of(c, d));
  const bool known = slot < snap.next_hops.size() && snap.next_hops[slot].usable;
  return known ? &snap.next_hops[slot] : nullptr;
}

}  // namespace steelyard
