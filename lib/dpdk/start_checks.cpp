#include "dpdk/start_checks.h"

#include <algorithm>
#include <memory>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/start_error.h"
#include "dpdk/device.h"
#include "dpdk/eal.h"
#include "dpdk/interface.h"
#include "dpdk/memory_need.h"
#include "dpdk/pci.h"
#include "dpdk/pools.h"
#include "dpdk/privileges.h"

namespace steelyard::dpdk {
namespace {

// Parsed devices of all ports, in their order.
std::vector<Device> devices_of(const config::Config& config) {
  std::vector<Device> devices;
  for (const config::Port& port : config.ports) devices.push_back(parse_device(port.device, port.name));
  return devices;
}

PrivilegeNeeds privileges_for(const std::vector<Device>& devices) {
  PrivilegeNeeds need;
  for (const Device& device : devices) {
    const bool sockets = device.kind == DeviceKind::af_packet || device.kind == DeviceKind::af_xdp;
    need.sockets = need.sockets || sockets;
    need.xdp = need.xdp || device.kind == DeviceKind::af_xdp;
    need.locked = need.locked || sockets || device.kind == DeviceKind::pci;
  }
  return need;
}

// Looks at each port's device and adds up what buffers the ports will need.
Pools::Options check_devices(const config::Config& config, const std::vector<Device>& devices) {
  Pools::Options need;
  need.queues = 0;
  need.workers = static_cast<unsigned>(config.director.worker_cores.size());
  std::vector<std::unique_ptr<Interface>> held;  // all at once: no two ports on one interface
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Device& device = devices[i];
    const std::string& port = config.ports[i].name;
    Situation situation{need.workers, 1, config.ports[i].mtu.value_or(1500)};
    if (device.kind == DeviceKind::pci)
      if (const auto obstacle = pci_obstacle(device.name))
        throw StartError(fmt::format("port {}: device {} can't be used: {}", port, device.name, *obstacle));
    if (!device.iface.empty()) {
      const Interface& interface = *held.emplace_back(std::make_unique<Interface>(device.iface, port));
      if (!config.ports[i].mtu) situation.mtu = interface.mtu();
      situation.interface_queues = interface.receive_queues();
    }
    for (const Ethdev& ethdev : plan_ethdevs(device, port, situation)) need.queues += ethdev.queues;
    need.mtu = std::max(need.mtu, situation.mtu);
    need.one_area = need.one_area || device.kind == DeviceKind::af_xdp;
  }
  return need;
}

void check_memory(const config::Director& director, uint64_t table_bytes, const Pools::Options& buffers) {
  MemoryNeed need{director.connections, table_bytes, 0};
  const auto asked = eal_megabytes(director.eal);
  std::optional<std::string> problem;
  if (uses_huge_pages(director)) {
    need.buffers = std::max(Pools::bytes(buffers, uint64_t{2} << 20), asked.value_or(0) << 20);
    problem = huge_page_problem(read_huge_pages(), need);
  } else {
    need.buffers = Pools::bytes(buffers, static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
    const uint64_t unknown = ~uint64_t{0};
    problem =
        plain_memory_problem(asked.value_or(kNoHugeMegabytes), read_available().value_or(unknown), need);
  }
  if (problem) throw StartError(*problem);
}

}  // namespace

bool uses_huge_pages(const config::Director& director) {
  return std::ranges::find(director.eal, "--no-huge") == director.eal.end();
}

void check_start(const config::Config& config, uint64_t table_bytes) {
  const std::vector<Device> devices = devices_of(config);
  if (const auto missing = missing_privileges(own_privileges(), privileges_for(devices)))
    throw StartError(*missing);
  check_cores(config.director);
  check_memory(config.director, table_bytes, check_devices(config, devices));
}

}  // namespace steelyard::dpdk
