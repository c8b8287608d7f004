#include "control/next_hops.h"

#include <limits>
#include <set>

namespace steelyard::control {
namespace {

bool same(const Route& a, const Route& b) { return a.to == b.to && a.via == b.via && a.gateway == b.gateway; }

bool same(const std::vector<Route>& a, const std::vector<Route>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Route& x, const Route& y) { return same(x, y); });
}

}  // namespace

NextHopSlot NextHops::take_slot() {
  if (!free_.empty()) {
    const NextHopSlot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (slots_.size() > std::numeric_limits<NextHopSlot>::max()) return kUnknownNextHop;  // as if not resolved
  slots_.emplace_back();
  return static_cast<NextHopSlot>(slots_.size() - 1);
}

bool NextHops::update(const Network& network, std::span<const PortInfo> ports) {
  std::set<Key> present;
  std::vector<Neighbour> neighbours;
  neighbours.reserve(network.neighbours.size());
  for (const ResolvedNeighbour& n : network.neighbours) {
    if (n.on.port >= ports.size()) continue;
    const Key key{uint64_t{n.on.port} << 16 | n.on.vlan, n.address.be};
    auto at = known_.find(key);
    if (at == known_.end()) {
      const NextHopSlot slot = take_slot();
      if (slot == kUnknownNextHop) continue;
      at = known_.emplace(key, slot).first;
    }
    present.insert(key);
    const PortInfo& port = ports[n.on.port];
    slots_[at->second] = {n.mac, port.mac, swap16(n.on.vlan), port.mtu, n.on.port, true};
    neighbours.push_back({n.on, n.address, at->second});
  }
  bool stale = false;
  for (auto at = known_.begin(); at != known_.end();) {
    if (present.contains(at->first)) {
      ++at;
      continue;
    }
    slots_[at->second] = NextHop{};
    free_.push_back(at->second);
    at = known_.erase(at);
    stale = true;
  }
  if (!same(network.routes, last_routes_)) {
    last_routes_ = network.routes;
    stale = true;
  }
  routes_ = Routes(last_routes_, neighbours);
  return stale;
}

}  // namespace steelyard::control
