// Wires over the rings between the control core and the workers.
#pragma once

#include "control/wires.h"
#include "dpdk/control_io.h"
#include "dpdk/ports.h"

namespace steelyard::control {

class RingWires final : public Wires {
 public:
  RingWires(dpdk::ControlIo& io, const dpdk::Ports& ports) : io_(io), ports_(ports) {}

  std::size_t drain(std::size_t limit, const TakeFrame& kernel, const TakeHeld& held) override {
    return io_.drain(static_cast<unsigned>(limit), kernel, held);
  }
  bool send(uint8_t port, std::span<const uint8_t> frame) override { return io_.send(port, frame); }
  bool link_up(uint8_t port) const override { return ports_[port].link_up(); }

 private:
  dpdk::ControlIo& io_;
  const dpdk::Ports& ports_;
};

}  // namespace steelyard::control
