// Wires over the rings between the control core and the workers.
#pragma once

#include <vector>

#include "control/wires.h"
#include "dpdk/control_io.h"
#include "pipeline/unresolved.h"

namespace steelyard::control {

class RingWires final : public Wires {
 public:
  // `misses`: each worker's ring of addresses it could not send to.
  RingWires(dpdk::ControlIo& io, std::vector<UnresolvedRing*> misses) : io_(io), misses_(std::move(misses)) {}

  std::size_t drain(std::size_t limit, const TakeFrame& take) override {
    return io_.drain(static_cast<unsigned>(limit), take);
  }
  bool send(uint8_t port, std::span<const uint8_t> frame) override { return io_.send(port, frame); }
  void unresolved(const std::function<void(Ipv4)>& take) override {
    for (UnresolvedRing* ring : misses_)
      while (const auto address = ring->pop()) take(*address);
  }

 private:
  dpdk::ControlIo& io_;
  std::vector<UnresolvedRing*> misses_;
};

}  // namespace steelyard::control
