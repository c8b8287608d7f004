// Has the kernel resolve neighbours and keep them resolved: real servers and gateways always, others when a
// worker misses one. The kernel does the ARP and tells the outcome through the mirror; the director's own
// traffic is none that the kernel would see, so without this every neighbour would stay unknown or grow
// stale.
//
// NTF_MANAGED (Linux 5.16) keeps an entry resolved for good; where the kernel doesn't know it, NTF_USE is
// sent again and again. Control core only; each request is one short system call.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/types.h"
#include "kernel/netlink.h"
#include "kernel/view.h"

namespace steelyard::kernel {

// Someone directly reachable by an interface of ours.
struct OnLink {
  Interface on;
  Ipv4 address;
  friend bool operator==(const OnLink&, const OnLink&) = default;
};

class Resolver {
 public:
  // `view`: the mirror's; must outlive this. `managed` false: as on a kernel without NTF_MANAGED. Throws
  // StartError.
  explicit Resolver(const View& view, bool managed = true);

  // Keeps this one too, and asks for it at once. A neighbour that the operator has set for good (PERMANENT)
  // is left alone. Idempotent.
  void keep(Interface on, Ipv4 address);
  // Keeps exactly these. Asks for the first 256 new ones at once and leaves the others to tend().
  void keep_only(std::span<const OnLink> wanted);
  void forget(Interface on, Ipv4 address);

  // Asks again for what is kept and is not resolved, or has lost its management: each at most once a second,
  // at most 64 in a call. Call it every 100 ms or so; `now`: of any clock that doesn't go back.
  void tend(std::chrono::milliseconds now);

  // Asks now for a neighbour that a worker misses, or whose MAC is in doubt. Nothing if it is set for good.
  // Between two calls of tend() each neighbour is probed once, and at most 64 of them.
  void probe(Interface on, Ipv4 address);

  std::size_t kept() const noexcept { return kept_.size(); }
  bool managed() const noexcept { return managed_; }  // false: falling back to NTF_USE
  // How often the kernel had no room for a neighbour: gc_thresh3 is reached by others than the kept ones.
  uint64_t no_room() const noexcept { return no_room_; }

 private:
  struct Kept {
    OnLink what;
    uint32_t round = 0;  // the last keep_only() that named it
    bool asked = false;
    std::chrono::milliseconds asked_at{};
  };
  struct Hash {
    std::size_t operator()(const OnLink& o) const noexcept {
      return static_cast<std::size_t>(
          (uint64_t{o.address.be} << 24 | uint64_t{o.on.vlan} << 8 | o.on.port) * 0x9e3779b97f4a7c15 >> 16);
    }
  };
  enum class Wish : uint8_t { resolve, keep, release };
  bool add(const OnLink& what);
  bool needs_asking(const OnLink& what) const;
  void ask(const OnLink& what, Wish wish);
  int send(int ifindex, Ipv4 address, Wish wish);
  void drop(std::size_t index);

  const View& view_;
  NetlinkSocket socket_;
  bool managed_;
  std::vector<Kept> kept_;
  std::unordered_map<OnLink, std::size_t, Hash> index_;  // -> kept_
  std::size_t next_ = 0;                                 // where tend() goes on
  uint32_t round_ = 0;
  std::unordered_set<OnLink, Hash> probed_;  // since the last tend()
  uint64_t no_room_ = 0;
};

}  // namespace steelyard::kernel
