#include "kernel/view.h"

#include <algorithm>
#include <iterator>

#include <linux/neighbour.h>

namespace steelyard::kernel {
namespace {

uint64_t key_of(const Prefix& p) { return uint64_t{p.address.be} << 8 | p.length; }
Prefix prefix_of(uint64_t key) { return {{static_cast<uint32_t>(key >> 8)}, static_cast<uint8_t>(key)}; }
uint64_t key_of(int ifindex, Ipv4 a) { return uint64_t{static_cast<uint32_t>(ifindex)} << 32 | a.be; }

}  // namespace

bool View::NeighbourState::usable() const noexcept {
  constexpr int kUsable = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
  return (state & kUsable) != 0 && !mac.is_zero() && !mac.is_group();
}

bool View::NeighbourState::fixed() const noexcept { return (state & (NUD_PERMANENT | NUD_NOARP)) != 0; }

View::View(std::span<const KernelInterface> interfaces) : interfaces_(interfaces.begin(), interfaces.end()) {}

const Interface* View::interface_of(int ifindex) const noexcept {
  const auto at = std::ranges::find(interfaces_, ifindex, &KernelInterface::ifindex);
  return at == interfaces_.end() ? nullptr : &at->as;
}

int View::ifindex_of(Interface i) const noexcept {
  const auto at = std::ranges::find(interfaces_, i, &KernelInterface::as);
  return at == interfaces_.end() ? 0 : at->ifindex;
}

const Interface* View::way_to(Ipv4 address) const noexcept {
  for (uint8_t length = 33; length-- > 0;) {
    Prefix to{{}, length};
    to.address = Ipv4::from_host(address.host() & to.mask_host());
    const auto at = routes_.find(key_of(to));
    if (at != routes_.end()) return interface_of(at->second.front().path.ifindex);
  }
  return nullptr;
}

Path View::visible(const Path& p) const noexcept { return interface_of(p.ifindex) == nullptr ? Path{} : p; }

// clang 14 can't take libstdc++'s subranges, so a range of candidates is a pair of iterators here.
std::pair<View::Candidates::iterator, View::Candidates::iterator> View::of_metric(Candidates& all,
                                                                                  uint32_t metric) {
  const auto first = std::ranges::lower_bound(all, metric, {}, &Candidate::metric);
  return {first, std::ranges::upper_bound(first, all.end(), metric, {}, &Candidate::metric)};
}

void View::insert(Candidates& all, const RouteMessage& m, uint32_t generation) {
  const auto [first, end] = of_metric(all, m.metric);
  const Candidate added{m.metric, m.path, generation};
  if (m.placing == Placing::replace && first != end) {
    *first = added;
    return;
  }
  const auto known = std::ranges::find(first, end, m.path, &Candidate::path);
  if (known != end)
    known->generation = generation;
  else
    all.insert(m.placing == Placing::first ? first : end, added);
}

// A multipath route whose first leg has died is known under another path than it is removed under: without an
// exact match the metric decides.
void View::remove(Candidates& all, const RouteMessage& m) {
  const auto [first, end] = of_metric(all, m.metric);
  if (first == end) return;
  const auto exact = std::ranges::find(first, end, m.path, &Candidate::path);
  all.erase(exact != end ? exact : first);
}

Changed View::apply(const RouteMessage& m) {
  const uint64_t key = key_of(m.to);
  const auto at = routes_.find(key);
  if (at == routes_.end()) {
    if (!m.removed) routes_[key] = {{m.metric, m.path, generation(Part::routes)}};
    return {.routes = !m.removed};
  }
  Candidates& all = at->second;
  const Path before = visible(all.front().path);
  if (m.removed)
    remove(all, m);
  else
    insert(all, m, generation(Part::routes));
  if (!all.empty()) return {.routes = visible(all.front().path) != before};
  routes_.erase(at);
  return {.routes = true};
}

Changed View::apply(const NeighbourMessage& m) {
  if (interface_of(m.ifindex) == nullptr) return {};
  const uint64_t key = key_of(m.ifindex, m.address);
  const auto at = neighbours_.find(key);
  const NeighbourState before = at == neighbours_.end() ? NeighbourState{} : at->second;
  if (m.removed) {
    if (at != neighbours_.end()) neighbours_.erase(at);
    return {.neighbours = before.usable()};
  }
  const NeighbourState after{m.mac, m.state, m.managed, generation(Part::neighbours)};
  neighbours_[key] = after;
  return {.neighbours = before.usable() != after.usable() || (after.usable() && before.mac != after.mac)};
}

Changed View::apply(const AddressMessage& m) {
  if (m.address.is_loopback()) return {};
  const AddressKey key{m.ifindex, m.address, m.length};
  if (m.removed) return {.local = addresses_.erase(key) > 0};
  return {.local = addresses_.insert_or_assign(key, generation(Part::addresses)).second};
}

void View::begin(Part part) noexcept { ++generation(part); }

Changed View::end(Part part) {
  const uint32_t now = generation(part);
  switch (part) {
    case Part::addresses:
      return {.local = std::erase_if(addresses_, [now](const auto& a) { return a.second != now; }) > 0};
    case Part::routes:
      return {.routes = end_routes(now)};
    case Part::neighbours:
      return {.neighbours = end_neighbours(now)};
    case Part::count:
      break;
  }
  return {};
}

bool View::end_routes(uint32_t now) {
  bool changed = false;
  for (auto at = routes_.begin(); at != routes_.end();) {
    Candidates& all = at->second;
    const Path before = visible(all.front().path);
    std::erase_if(all, [now](const Candidate& c) { return c.generation != now; });
    if (all.empty() || visible(all.front().path) != before) changed = true;
    at = all.empty() ? routes_.erase(at) : std::next(at);
  }
  return changed;
}

bool View::end_neighbours(uint32_t now) {
  bool changed = false;
  std::erase_if(neighbours_, [&](const auto& n) {
    const bool gone = n.second.generation != now;
    if (gone && n.second.usable()) changed = true;
    return gone;
  });
  return changed;
}

const View::NeighbourState* View::neighbour(int ifindex, Ipv4 address) const noexcept {
  const auto at = neighbours_.find(key_of(ifindex, address));
  return at == neighbours_.end() ? nullptr : &at->second;
}

Network View::network() const {
  Network n;
  n.routes.reserve(routes_.size());
  for (const auto& [key, all] : routes_) {
    const Path& best = all.front().path;
    const Interface* via = interface_of(best.ifindex);
    n.routes.push_back(via == nullptr ? Route{prefix_of(key), {kNowhere, 0}, {}}
                                      : Route{prefix_of(key), *via, best.gateway});
  }
  for (const auto& [key, state] : neighbours_)
    if (state.usable())
      n.neighbours.push_back(
          {*interface_of(static_cast<int>(key >> 32)), {static_cast<uint32_t>(key)}, state.mac});
  for (const auto& [key, generation] : addresses_) n.local.push_back(key.address);
  std::ranges::sort(n.local);
  n.local.erase(std::unique(n.local.begin(), n.local.end()), n.local.end());
  return n;
}

}  // namespace steelyard::kernel
