// Frames that wait for their next hop's MAC, as the kernel keeps packets while it resolves an address:
// rewritten but for the Ethernet header. Control core only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/types.h"
#include "control/wires.h"
#include "service/snapshot.h"

namespace steelyard::control {

class HeldFrames {
 public:
  static constexpr std::size_t kMost = 1024;
  static constexpr std::chrono::milliseconds kPatience{3000};  // the kernel asks three times, a second apart

  // False: there is no room.
  bool hold(Ipv4 destination, std::span<const uint8_t> frame, std::chrono::milliseconds now);

  // Sends what can be sent by now, in the order it came. Returns how many frames were given up: their time is
  // over, they are too large for the port, or it takes no more.
  std::size_t retry(const Snapshot& snap, Wires& wires, std::chrono::milliseconds now);

  std::size_t size() const noexcept { return frames_.size(); }

 private:
  struct Held {
    Ipv4 destination;
    std::vector<uint8_t> frame;
    std::chrono::milliseconds until;
  };
  std::deque<Held> frames_;
};

// The frame with the Ethernet header (and VLAN tag) that takes it to `hop`, whatever it had.
std::vector<uint8_t> address_to(const NextHop& hop, std::span<const uint8_t> frame);

}  // namespace steelyard::control
