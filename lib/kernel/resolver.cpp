#include "kernel/resolver.h"

#include <algorithm>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>

namespace steelyard::kernel {
namespace {

constexpr std::chrono::seconds kAgain{1};
constexpr int kRequests = 64;         // in one tend()
constexpr std::size_t kLooks = 4096;  // at kept neighbours, in one tend()

// Whether the kernel itself is at it: a request would change nothing.
bool in_progress(uint16_t state) {
  return (state & (NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE | NUD_REACHABLE)) != 0;
}

}  // namespace

Resolver::Resolver(const View& view, bool managed)
    : view_(view), socket_(open_netlink()), managed_(managed) {}

void Resolver::keep(Interface on, Ipv4 address) {
  const OnLink what{on, address};
  if (!index_.try_emplace(what, kept_.size()).second) return;
  kept_.push_back({what});
  if (needs_asking(what)) ask(what, true);
}

void Resolver::keep_only(std::span<const OnLink> wanted) {
  ++round_;
  for (const OnLink& what : wanted) {
    keep(what.on, what.address);
    kept_[index_.at(what)].round = round_;
  }
  for (std::size_t i = kept_.size(); i-- > 0;)
    if (kept_[i].round != round_) drop(i);
}

void Resolver::forget(Interface on, Ipv4 address) {
  const auto at = index_.find({on, address});
  if (at != index_.end()) drop(at->second);
}

void Resolver::drop(std::size_t index) {
  const OnLink what = kept_[index].what;
  index_.erase(what);
  if (index + 1 != kept_.size()) {
    kept_[index] = kept_.back();
    index_[kept_[index].what] = index;
  }
  kept_.pop_back();
  // A request without the flag ends the management; the entry then ages as any other.
  const auto* known = view_.neighbour(view_.ifindex_of(what.on), what.address);
  if (known != nullptr && known->managed) ask(what, false);
}

bool Resolver::needs_asking(const OnLink& what) const {
  const auto* known = view_.neighbour(view_.ifindex_of(what.on), what.address);
  if (known == nullptr) return true;
  if (known->fixed()) return false;
  if (managed_ && !known->managed) return true;
  return managed_ ? !known->usable() && !in_progress(known->state) : !in_progress(known->state);
}

void Resolver::tend(std::chrono::milliseconds now) {
  int requests = 0;
  for (std::size_t looks = std::min(kept_.size(), kLooks); looks > 0 && requests < kRequests; --looks) {
    if (++next_ >= kept_.size()) next_ = 0;
    Kept& kept = kept_[next_];
    if ((kept.asked && now - kept.asked_at < kAgain) || !needs_asking(kept.what)) continue;
    kept.asked = true;
    kept.asked_at = now;
    ask(kept.what, true);
    ++requests;
  }
}

void Resolver::probe(Interface on, Ipv4 address) {
  const OnLink what{on, address};
  const auto* known = view_.neighbour(view_.ifindex_of(on), address);
  // A request takes PERMANENT from an entry, and its management unless it is repeated.
  if (known == nullptr || !known->fixed()) ask(what, index_.contains(what));
}

void Resolver::ask(const OnLink& what, bool manage) {
  const int ifindex = view_.ifindex_of(what.on);
  if (ifindex == 0) return;
  const int error = send(ifindex, what.address, manage && managed_);
  if (!managed_ || !manage || (error != -NLE_INVAL && error != -NLE_OPNOTSUPP && error != -NLE_RANGE)) return;
  // Refused: does it go without the flag? Then this kernel doesn't know it.
  if (send(ifindex, what.address, false) == 0) managed_ = false;
}

int Resolver::send(int ifindex, Ipv4 address, bool manage) {
  ndmsg header{};
  header.ndm_family = AF_INET;
  header.ndm_ifindex = ifindex;
  header.ndm_flags = NTF_USE;
  NetlinkMessage message =
      make_message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
  nla_put_u32(message.get(), NDA_DST, address.be);
  if (manage) nla_put_u32(message.get(), NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  return request(*socket_, std::move(message));
}

}  // namespace steelyard::kernel
