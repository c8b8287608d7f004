#include "control/port_views.h"

namespace steelyard::control {

std::vector<PortView> port_views(const dpdk::Ports& ports, const std::vector<const dpdk::QueueIo*>& queues,
                                 const KernelPath& kernel) {
  std::vector<PortView> views;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const dpdk::Port& port = ports[i];
    const PortInfo info = port.info();
    PortView v{.name = port.name(),
               .device = port.device(),
               .driver = port.driver(),
               .link = port.link_up(),
               .speed = port.speed(),
               .mac = info.mac,
               .mtu = info.mtu,
               .device_counts = port.stats(),
               .kernel = kernel.frames(i)};
    for (const dpdk::QueueIo* queue : queues) {
      v.refused += queue->counters(i).refused.get();
      v.bad_tags += queue->counters(i).bad_tags.get();
    }
    views.push_back(std::move(v));
  }
  return views;
}

}  // namespace steelyard::control
