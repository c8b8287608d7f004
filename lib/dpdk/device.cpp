#include "dpdk/device.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/start_error.h"

namespace steelyard::dpdk {
namespace {

// 3b:00.0 or 0000:3b:00.0
bool is_pci_address(std::string_view s) {
  if (s.size() == 12) {
    if (!std::all_of(s.begin(), s.begin() + 4, [](unsigned char c) { return std::isxdigit(c); }))
      return false;
    if (s[4] != ':') return false;
    s.remove_prefix(5);
  }
  if (s.size() != 7 || s[2] != ':' || s[5] != '.') return false;
  for (const std::size_t i : {0U, 1U, 3U, 4U, 6U})
    if (!std::isxdigit(static_cast<unsigned char>(s[i]))) return false;
  return true;
}

unsigned number(const Device& device, std::string_view port, std::string_view key, unsigned otherwise) {
  const std::string value = argument(device.args, key);
  if (value.empty()) return otherwise;
  unsigned n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error != std::errc{} || end != value.data() + value.size())
    throw StartError(fmt::format("port {}: device {}: {}={} is not a number", port, device.name, key, value));
  return n;
}

std::string with(std::string args, std::string_view key, unsigned value) {
  if (!argument(args, key).empty()) return args;
  return fmt::format("{}{}{}={}", args, args.empty() ? "" : ",", key, value);
}

std::vector<Ethdev> plan_af_packet(const Device& device, std::string_view port, const Situation& s) {
  const unsigned queues = number(device, port, "qpairs", s.workers);
  if (queues < s.workers)
    throw StartError(
        fmt::format("port {}: device {} has qpairs={}, fewer than the {} workers: leave qpairs out "
                    "or set qpairs={}",
                    port, device.name, queues, s.workers, s.workers));
  // A frame's slot also holds the ring's header; 22.11's PMD drops what does not fit.
  const unsigned frame = std::max(2048U, std::bit_ceil(s.mtu + 256));
  std::string args = with(device.args, "qpairs", queues);
  args = with(args, "framesz", frame);
  // The default of 512 is full after milliseconds in which the worker does not run.
  args = with(args, "framecnt", 4096);
  args = with(args, "blocksz", std::max(4096U, frame));
  return {{device.name, args, queues}};
}

std::vector<Ethdev> plan_af_xdp(const Device& device, std::string_view port, const Situation& s) {
  // Busy polling makes every empty poll a system call and does nothing on a veth.
  const std::string args = with(device.args, "busy_budget", 0);
  if (!argument(args, "start_queue").empty() || !argument(args, "queue_count").empty())
    return {{device.name, args, number(device, port, "queue_count", 1)}};
  if (s.interface_queues < s.workers)
    throw StartError(
        fmt::format("port {}: interface {} has {} receive queue(s) and there are {} workers: make it "
                    "`ethtool -L {} rx {} tx {}` or use fewer workers",
                    port, device.iface, s.interface_queues, s.workers, device.iface, s.workers, s.workers));
  std::vector<Ethdev> ethdevs;
  for (unsigned q = 0; q < s.interface_queues; ++q)
    ethdevs.push_back({q == 0 ? device.name : fmt::format("{}_q{}", device.name, q),
                       fmt::format("{},start_queue={},queue_count=1", args, q), 1});
  return ethdevs;
}

}  // namespace

std::string argument(std::string_view args, std::string_view key) {
  while (!args.empty()) {
    const std::string_view item = args.substr(0, args.find(','));
    args.remove_prefix(std::min(args.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (equals != std::string_view::npos && item.substr(0, equals) == key)
      return std::string(item.substr(equals + 1));
  }
  return {};
}

Device parse_device(std::string_view text, std::string_view port) {
  const std::size_t comma = text.find(',');
  Device device;
  device.name = text.substr(0, comma);
  if (comma != std::string_view::npos) device.args = text.substr(comma + 1);
  if (is_pci_address(device.name)) {
    device.kind = DeviceKind::pci;
    if (device.name.size() == 7) device.name.insert(0, "0000:");
    return device;
  }
  if (!device.name.starts_with("net_") && !device.name.starts_with("eth_") &&
      !device.name.starts_with("virtio_user"))
    throw StartError(
        fmt::format("port {}: device {} is neither a PCI address (0000:3b:00.0) nor a virtual "
                    "device (net_af_xdp0,iface=eth1)",
                    port, text));
  if (device.name.starts_with("net_af_packet")) device.kind = DeviceKind::af_packet;
  if (device.name.starts_with("net_af_xdp")) device.kind = DeviceKind::af_xdp;
  if (device.kind == DeviceKind::vdev) return device;
  device.iface = argument(device.args, "iface");
  if (device.iface.empty())
    throw StartError(fmt::format("port {}: device {} names no interface: add iface=NAME", port, text));
  return device;
}

std::vector<Ethdev> plan_ethdevs(const Device& device, std::string_view port, const Situation& situation) {
  switch (device.kind) {
    case DeviceKind::af_packet:
      return plan_af_packet(device, port, situation);
    case DeviceKind::af_xdp:
      return plan_af_xdp(device, port, situation);
    default:
      return {{device.name, device.args, situation.workers}};
  }
}

}  // namespace steelyard::dpdk
