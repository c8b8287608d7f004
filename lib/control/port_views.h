// The ports as an operator sees them: what their devices, the workers' queues and the kernel path have
// counted. Control core only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/kernel_path.h"
#include "dpdk/ports.h"
#include "dpdk/queue_io.h"

namespace steelyard::control {

struct PortView {
  std::string name, device, driver;
  bool link = false;
  uint32_t speed = 0;  // Mbit/s; 0: not known
  Mac mac;
  unsigned mtu = 0;
  dpdk::PortStats device_counts;
  uint64_t refused = 0;   // by transmit queues
  uint64_t bad_tags = 0;  // received frames whose VLAN tag could not be put back
  KernelPath::Frames kernel;
};

// Asks the devices. `queues`: of all workers.
std::vector<PortView> port_views(const dpdk::Ports& ports, const std::vector<const dpdk::QueueIo*>& queues,
                                 const KernelPath& kernel);

}  // namespace steelyard::control
