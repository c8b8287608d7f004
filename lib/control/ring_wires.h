// Wires over the rings between the control core and the workers.
#pragma once

#include "control/wires.h"
#include "dpdk/control_io.h"

namespace steelyard::control {

class RingWires final : public Wires {
 public:
  explicit RingWires(dpdk::ControlIo& io) : io_(io) {}

  std::size_t drain(std::size_t limit, const TakeFrame& kernel, const TakeHeld& held) override {
    return io_.drain(static_cast<unsigned>(limit), kernel, held);
  }
  bool send(uint8_t port, std::span<const uint8_t> frame) override { return io_.send(port, frame); }

 private:
  dpdk::ControlIo& io_;
};

}  // namespace steelyard::control
