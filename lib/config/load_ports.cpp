#include <algorithm>
#include <array>

#include "config/load.h"
#include "config/text.h"

namespace steelyard::config {
namespace {
constexpr std::size_t kMaxPorts = 64, kMaxAddresses = 4096;
constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ with its final 0

class PortReader {
 public:
  PortReader(std::string_view instance, Report& report) : instance_(instance), report_(report) {}
  Port read(Value value);

 private:
  void read_name(const Map& map, Port& port);
  void read_device(const Map& map, Port& port);
  void read_vlans(Value value, Port& port);
  Vlan read_vlan(Value value, const Port& port, Unique<uint16_t>& ids);
  std::vector<InterfaceAddress> read_addresses(const Node* node);

  std::string_view instance_;
  Report& report_;
  Unique<std::string> interfaces_, devices_;
  Unique<Ipv4> addresses_;
};

Port PortReader::read(Value value) {
  const Map map(value, schema::kPort, report_);
  Port port{.at = value.node.at};
  if (!map.is_map()) return port;
  read_name(map, port);
  map.read("mtu", port.mtu, Integer{68, 9600});
  map.read("mac", port.mac, UnicastMac{});
  read_device(map, port);
  port.addresses = read_addresses(map.find("addresses"));
  if (const Node* node = map.find("vlans")) read_vlans({*node, "vlans"}, port);
  return port;
}

void PortReader::read_name(const Map& map, Port& port) {
  static constexpr std::array<std::string_view, 3> kReserved{"lo", "all", "default"};
  if (!map.read("name", port.name, Name{kMaxInterfaceName})) return;
  const Place at = map.place("name");
  if (std::ranges::find(kReserved, port.name) != kReserved.end())
    report_.error(at, "name is {}, which Linux keeps for itself; allowed: any other interface name",
                  quote(port.name));
  port.interface = instance_.empty() ? port.name : fmt::format("{}-{}", instance_, port.name);
  if (port.interface.size() > kMaxInterfaceName)
    report_.error(at,
                  "port {} of instance {} would be the interface {}; allowed: {} characters, so a shorter "
                  "name of the port or the instance",
                  quote(port.name), quote(instance_), quote(port.interface), kMaxInterfaceName);
  interfaces_.add(port.interface, at, fmt::format("the interface name {}", quote(port.interface)), report_);
}

void PortReader::read_device(const Map& map, Port& port) {
  if (!map.has("device") && !map.has("mac"))
    report_.error(port.at,
                  "a port lacks the key \"device\"; only one with a \"mac\", for replay, needs none");
  if (!map.read("device", port.device, Text{1024})) return;
  const Place at = map.place("device");
  const std::string_view device = port.device;
  const std::string name(device.substr(0, device.find(',')));
  if (device.find(' ') != std::string_view::npos)
    report_.error(at, "device is {}; allowed: no spaces", quote(device));
  devices_.add(name, at, fmt::format("the device {}", quote(name)), report_);
  const bool vdev = name.starts_with("net_") || name.starts_with("virtio_user");
  if (!vdev && name.find(':') == std::string::npos)
    report_.warning(at,
                    "device {} is neither a PCI address such as 0000:3b:00.0 nor a vdev such as "
                    "net_af_packet0,iface=eth1",
                    quote(device));
}

std::vector<InterfaceAddress> PortReader::read_addresses(const Node* node) {
  std::vector<InterfaceAddress> out;
  if (node == nullptr) return out;
  for_each_item({*node, "addresses"}, kMaxAddresses, report_, [&](Value item) {
    const auto address = AddressInPrefix{}(item, report_);
    if (!address) return;
    const std::string what = fmt::format("the address {}", address->address);
    if (addresses_.add(address->address, item.node.at, what, report_)) out.push_back(*address);
  });
  return out;
}

void PortReader::read_vlans(Value value, Port& port) {
  Unique<uint16_t> ids;
  for_each_item(value, 4094, report_, [&](Value item) { port.vlans.push_back(read_vlan(item, port, ids)); });
}

Vlan PortReader::read_vlan(Value value, const Port& port, Unique<uint16_t>& ids) {
  const Map map(value, schema::kVlan, report_);
  Vlan vlan{.at = value.node.at};
  if (!map.is_map()) return vlan;
  vlan.addresses = read_addresses(map.find("addresses"));
  if (!map.read("id", vlan.id, Integer{1, 4094}) || port.name.empty()) return vlan;
  const Place at = map.place("id");
  if (!ids.add(vlan.id, at, fmt::format("VLAN id {}", vlan.id), report_)) return vlan;
  const std::string interface = fmt::format("{}.{}", port.interface, vlan.id);
  if (interface.size() > kMaxInterfaceName)
    report_.error(at, "VLAN {} would be the interface {}; allowed: {} characters, so a shorter port name{}",
                  vlan.id, quote(interface), kMaxInterfaceName, instance_.empty() ? "" : " or instance");
  interfaces_.add(interface, at, fmt::format("the interface name {}", quote(interface)), report_);
  return vlan;
}

// A port has an interface of its own in the kernel, so the interface that the port drives needs another name.
void check_interfaces(const std::vector<Port>& ports, Report& report) {
  for (const Port& port : ports) {
    const std::size_t at = port.device.find(",iface=");
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(port.device).substr(at + 7);
    const std::string_view interface = rest.substr(0, rest.find(','));
    if (std::ranges::find(ports, interface, &Port::interface) != ports.end())
      report.error(
          port.at,
          "device drives the interface {}, which a port's own interface is named; allowed: another name",
          quote(interface));
  }
}
}  // namespace

std::vector<Port> read_ports(Value value, std::string_view instance, Report& report) {
  std::vector<Port> ports;
  PortReader reader(instance, report);
  for_each_item(value, kMaxPorts, report, [&](Value item) { ports.push_back(reader.read(item)); });
  if (value.node.kind == Node::Kind::list && ports.empty())
    report.error(value.node.at, "ports is empty; allowed: 1 to {} ports", kMaxPorts);
  check_interfaces(ports, report);
  return ports;
}

}  // namespace steelyard::config
