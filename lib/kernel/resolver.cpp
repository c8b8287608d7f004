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
constexpr int kRequestsAtOnce = 256;  // in one keep_only(): a TAP's queue holds 500 frames
constexpr std::size_t kProbes = 64;
constexpr std::size_t kLooks = 4096;  // at kept neighbours, in one tend()

// Whether the kernel itself is at it: a request would change nothing.
bool in_progress(uint16_t state) {
  return (state & (NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE | NUD_REACHABLE)) != 0;
}

}  // namespace

Resolver::Resolver(const View& view, bool managed)
    : view_(view), socket_(open_netlink()), managed_(managed) {}

bool Resolver::add(const OnLink& what) {
  if (!index_.try_emplace(what, kept_.size()).second) return false;
  kept_.push_back({what});
  return true;
}

void Resolver::keep(Interface on, Ipv4 address) {
  const OnLink what{on, address};
  if (add(what) && needs_asking(what)) ask(what, Wish::keep);
}

void Resolver::keep_only(std::span<const OnLink> wanted) {
  ++round_;
  int requests = 0;
  for (const OnLink& what : wanted) {
    if (add(what) && requests < kRequestsAtOnce && needs_asking(what)) {
      ask(what, Wish::keep);
      ++requests;
    }
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
  // A request without the flags takes them away, and the entry then ages as any other. The view doesn't know
  // an entry that was never resolved, so the kernel is asked not to create one.
  const int ifindex = view_.ifindex_of(what.on);
  const auto* known = view_.neighbour(ifindex, what.address);
  if (ifindex != 0 && (known == nullptr || !known->fixed())) send(ifindex, what.address, Wish::release);
}

bool Resolver::needs_asking(const OnLink& what) const {
  const auto* known = view_.neighbour(view_.ifindex_of(what.on), what.address);
  if (known == nullptr) return true;
  if (known->fixed()) return false;
  if (managed_ && !known->managed) return true;
  return !in_progress(known->state) && !(managed_ && known->usable());
}

void Resolver::tend(std::chrono::milliseconds now) {
  probed_.clear();
  int requests = 0;
  for (std::size_t looks = std::min(kept_.size(), kLooks); looks > 0 && requests < kRequests; --looks) {
    if (++next_ >= kept_.size()) next_ = 0;
    Kept& kept = kept_[next_];
    if ((kept.asked && now - kept.asked_at < kAgain) || !needs_asking(kept.what)) continue;
    kept.asked = true;
    kept.asked_at = now;
    ask(kept.what, Wish::keep);
    ++requests;
  }
}

void Resolver::probe(Interface on, Ipv4 address) {
  const OnLink what{on, address};
  if (probed_.size() >= kProbes || !probed_.insert(what).second) return;
  const auto* known = view_.neighbour(view_.ifindex_of(on), address);
  // A request takes PERMANENT from an entry, and its management unless it is repeated.
  if (known == nullptr || !known->fixed()) ask(what, index_.contains(what) ? Wish::keep : Wish::resolve);
}

void Resolver::ask(const OnLink& what, Wish wish) {
  const int ifindex = view_.ifindex_of(what.on);
  if (ifindex == 0) return;
  const int error = send(ifindex, what.address, wish);
  if (error == -NLE_NOMEM) ++no_room_;
  if (!managed_ || wish != Wish::keep ||
      (error != -NLE_INVAL && error != -NLE_OPNOTSUPP && error != -NLE_RANGE))
    return;
  managed_ = false;
  if (send(ifindex, what.address, wish) != 0) managed_ = true;  // refused for another reason
}

int Resolver::send(int ifindex, Ipv4 address, Wish wish) {
  ndmsg header{};
  header.ndm_family = AF_INET;
  header.ndm_ifindex = ifindex;
  header.ndm_flags = wish == Wish::keep ? NTF_USE | NTF_EXT_LEARNED : NTF_USE;
  const int flags = NLM_F_REQUEST | NLM_F_REPLACE | (wish == Wish::release ? 0 : NLM_F_CREATE);
  NetlinkMessage message = make_message(RTM_NEWNEIGH, flags, &header, sizeof header);
  nla_put_u32(message.get(), NDA_DST, address.be);
  if (wish == Wish::keep && managed_) nla_put_u32(message.get(), NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  return request(*socket_, std::move(message));
}

}  // namespace steelyard::kernel
