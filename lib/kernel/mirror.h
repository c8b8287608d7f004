// The kernel's addresses, routes and neighbours, mirrored over netlink. The director has no ARP and no
// routing of its own.
//
// Routes are those of the main table (policy rules are not looked at); the lowest metric decides, of a
// multipath route the first living next hop counts. Neighbours are usable while the kernel has a MAC for them
// (REACHABLE, STALE, DELAY, PROBE, PERMANENT, NOARP).
//
// Control core only. After the constructor nothing blocks; process() takes about a millisecond at most.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "kernel/netlink.h"
#include "kernel/view.h"
#include "service/network.h"

struct nlmsghdr;

namespace steelyard::kernel {

struct MirrorOptions {
  int receive_buffer = 16 << 20;  // bytes; what doesn't fit is lost and costs a new dump
};

class Mirror {
 public:
  // Reads everything once; waits up to 10 s for it. Throws StartError.
  explicit Mirror(std::span<const KernelInterface> interfaces, const MirrorOptions& options = {});

  int fd() const noexcept;  // readable when process() has work; stays ours
  // Takes in what has been notified, a bounded amount: fd() stays readable if there is more. What is returned
  // tells whether network() has changed.
  Changed process();
  Network network() const { return view_.network(); }
  const View& view() const noexcept { return view_; }

  // Dumps everything anew, in the background, by process(). Done of itself after lost notifications and where
  // the kernel is known to change routes without a word (an interface set down); call it once a minute or so
  // for what is not known.
  void resync();
  bool synced() const noexcept { return !dumping_ && stale_ == 0; }
  uint64_t lost() const noexcept { return lost_; }  // how often notifications were lost

 private:
  void take(const nlmsghdr& message, Changed& changed);
  void take_link(const LinkMessage& link);
  void finish_dump(int error, Changed& changed);
  void start_dump();
  void mark(Part part) noexcept { stale_ |= 1U << static_cast<unsigned>(part); }

  View view_;
  NetlinkSocket socket_;
  std::vector<char> buffer_;
  std::unordered_map<int, unsigned> link_flags_;
  uint32_t stale_ = 0;  // parts to be dumped, a bit each
  bool dumping_ = false, interrupted_ = false;
  Part part_ = Part::addresses;  // being dumped
  uint32_t sequence_ = 0;        // of the last dump
  unsigned attempts_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace steelyard::kernel
