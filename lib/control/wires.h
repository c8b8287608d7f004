// The control core's end of the wires: what workers hand up and what leaves through them. dpdk's rings in the
// daemon.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/types.h"

namespace steelyard::control {

class Wires {
 public:
  using TakeFrame = std::function<void(uint8_t port, std::span<const uint8_t> frame)>;

  using TakeHeld = std::function<void(Ipv4 destination, std::span<const uint8_t> frame)>;

  virtual ~Wires() = default;
  // Frames that workers handed up, at most `limit`: `kernel` takes those for the kernel, `held` those that
  // wait for their next hop's MAC. Returns how many there were.
  virtual std::size_t drain(std::size_t limit, const TakeFrame& kernel, const TakeHeld& held) = 0;
  // A frame to leave by `port`, copied. False: no buffer, or the ring to the worker is full.
  virtual bool send(uint8_t port, std::span<const uint8_t> frame) = 0;
  // The port's link, as its device tells it.
  virtual bool link_up(uint8_t port) const = 0;
};

}  // namespace steelyard::control
