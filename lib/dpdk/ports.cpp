#include "dpdk/ports.h"

#include <algorithm>

#include <rte_cycles.h>

namespace steelyard::dpdk {

Ports::Ports(const config::Config& config, unsigned workers) {
  Pools::Options needed;
  needed.queues = 0;
  needed.workers = workers;
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const Port& port = *ports_.emplace_back(std::make_unique<Port>(config, i, workers));
    needed.queues += port.queue_pairs();
    needed.mtu = std::max<unsigned>(needed.mtu, port.info().mtu);
    needed.one_area = needed.one_area || port.kind() == DeviceKind::af_xdp;
    needed.dma = needed.dma || port.kind() == DeviceKind::pci;
  }
  pools_ = std::make_unique<Pools>(needed);
  for (const auto& port : ports_) port->configure(pools_->packets());
}

void Ports::start() {
  started_ = true;
  for (const auto& port : ports_) port->start();
}

void Ports::stop() noexcept {
  if (!started_) return;
  started_ = false;
  rte_delay_us_sleep(10'000);  // transmit descriptors still on their way
  for (const auto& port : ports_) port->stop();
}

std::vector<PortInfo> Ports::infos() const {
  std::vector<PortInfo> infos;
  for (const auto& port : ports_) infos.push_back(port->info());
  return infos;
}

std::vector<std::string> Ports::descriptions() const {
  std::vector<std::string> lines;
  for (const auto& port : ports_) lines.push_back(port->description());
  return lines;
}

}  // namespace steelyard::dpdk
