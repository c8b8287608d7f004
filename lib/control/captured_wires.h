// The control core's wires, seen by the captures that run: what the kernel sends, and packets that had to
// wait for their next hop, leave by a worker that knows nothing of what they are.
#pragma once

#include "control/director.h"
#include "control/wires.h"

namespace steelyard::control {

class CapturedWires final : public Wires {
 public:
  CapturedWires(Wires& wires, Director& director, MomentClock clock)
      : wires_(wires), director_(director), clock_(std::move(clock)) {}

  std::size_t drain(std::size_t limit, const TakeFrame& kernel, const TakeHeld& held) override {
    return wires_.drain(limit, kernel, held);
  }
  bool send(uint8_t port, std::span<const uint8_t> frame) override;
  bool link_up(uint8_t port) const override { return wires_.link_up(port); }

 private:
  Wires& wires_;
  Director& director_;
  MomentClock clock_;
};

}  // namespace steelyard::control
