#include "service/routes.h"

#include <algorithm>

namespace steelyard {

Routes::Routes(std::span<const Route> routes, std::span<const Neighbour> neighbours)
    : routes_(routes.begin(), routes.end()) {
  for (const Neighbour& n : neighbours) neighbours_.insert_or_assign(Key{n.on, n.address}, n.slot);

  // Shorter prefixes first at the same start, so that a stack of enclosing prefixes can be swept left to
  // right.
  std::ranges::stable_sort(routes_, [](const Route& a, const Route& b) {
    return a.to.address != b.to.address ? a.to.address < b.to.address : a.to.length < b.to.length;
  });
  const auto last_of = [](const Route& r) { return r.to.address.host() | ~r.to.mask_host(); };
  std::vector<int32_t> open;
  const auto begin_range = [this](uint32_t first, int32_t route) {
    if (!ranges_.empty() && ranges_.back().first == first)
      ranges_.back().route = route;
    else
      ranges_.push_back({first, route});
  };
  const auto close_until = [&](uint64_t next) {
    while (!open.empty() && last_of(routes_[static_cast<std::size_t>(open.back())]) < next) {
      const uint32_t last = last_of(routes_[static_cast<std::size_t>(open.back())]);
      open.pop_back();
      if (last != ~uint32_t{0}) begin_range(last + 1, open.empty() ? -1 : open.back());
    }
  };
  begin_range(0, -1);
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    close_until(routes_[i].to.address.host());
    begin_range(routes_[i].to.address.host(), static_cast<int32_t>(i));
    open.push_back(static_cast<int32_t>(i));
  }
  close_until(uint64_t{1} << 32);
}

const Route* Routes::route(Ipv4 destination) const noexcept {
  if (ranges_.empty()) return nullptr;
  const auto after = std::ranges::upper_bound(ranges_, destination.host(), {}, &Range::first);
  const int32_t index = std::prev(after)->route;
  if (index < 0) return nullptr;
  const Route& found = routes_[static_cast<std::size_t>(index)];
  return found.via.port == kNowhere ? nullptr : &found;
}

NextHopSlot Routes::find(Ipv4 destination) const noexcept {
  const Route* r = route(destination);
  if (r == nullptr) return kUnknownNextHop;
  const auto at = neighbours_.find({r->via, r->gateway.be == 0 ? destination : r->gateway});
  return at == neighbours_.end() ? kUnknownNextHop : at->second;
}

}  // namespace steelyard
