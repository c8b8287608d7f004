#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "base/start_error.h"
#include "dpdk/captured_output.h"
#include "dpdk/pci.h"
#include "dpdk/ports.h"

namespace steelyard::dpdk {
namespace {

constexpr uint16_t kDescriptors = 1024;

rte_eth_dev_info device_info(uint16_t id, const std::string& port) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(id, &info); error != 0)
    throw StartError(fmt::format("port {}: no device information: {}", port, rte_strerror(-error)));
  return info;
}

Capabilities capabilities(const rte_eth_dev_info& info) {
  return {info.driver_name, info.flow_type_rss_offloads, info.hash_key_size, info.max_rx_queues};
}

// The part of `wanted` that the device has.
constexpr uint64_t available(uint64_t wanted, uint64_t capabilities) { return wanted & capabilities; }

void check(int result, const std::string& port, const char* what) {
  if (result < 0) throw StartError(fmt::format("port {}: {}: {}", port, what, rte_strerror(-result)));
}

}  // namespace

Port::Port(const config::Config& config, std::size_t index, unsigned workers)
    : name_(config.ports[index].name),
      device_(parse_device(config.ports[index].device, name_)),
      workers_(workers),
      mtu_(config.ports[index].mtu.value_or(1500)),
      side_(side_of(config, index)) {
  const config::Port& port = config.ports[index];
  if (!port.addresses.empty()) address_ = port.addresses.front().address;
  Situation situation{workers, 1, mtu_};
  if (!device_.iface.empty()) {
    interface_ = std::make_unique<Interface>(device_.iface, name_);
    if (port.mtu) interface_->set_mtu(*port.mtu);
    situation.mtu = mtu_ = interface_->mtu();
    situation.interface_queues = interface_->receive_queues();
    drop_ = std::make_unique<IngressDrop>(device_.iface, name_);
    interface_->prepare();
  }
  // XDP programs of others don't run beside ours, so libxdp needs no dispatcher (which needs a mounted
  // bpffs).
  if (device_.kind == DeviceKind::af_xdp) setenv("LIBXDP_SKIP_DISPATCHER", "1", 0);
  for (const Ethdev& ethdev : plan_ethdevs(device_, name_, situation)) open(ethdev);
}

Port::~Port() {
  for (const Opened& ethdev : ethdevs_) {
    rte_eth_dev_stop(ethdev.id);
    if (ethdev.vdev.empty())
      rte_eth_dev_close(ethdev.id);
    else
      rte_eal_hotplug_remove("vdev", ethdev.vdev.c_str());
  }
}

void Port::open(const Ethdev& ethdev) {
  Opened opened;
  opened.queues = static_cast<uint16_t>(ethdev.queues);
  if (rte_eth_dev_get_port_by_name(ethdev.name.c_str(), &opened.id) != 0) {
    if (device_.kind == DeviceKind::pci)
      throw StartError(fmt::format("port {}: device {} can't be used: {}", name_, device_.name,
                                   pci_obstacle(device_.name).value_or(pci_refused(device_.name))));
    CapturedOutput output;
    if (rte_eal_hotplug_add("vdev", ethdev.name.c_str(), ethdev.args.c_str()) != 0)
      throw StartError(fmt::format("port {}: device {},{} can't be made: {}", name_, ethdev.name, ethdev.args,
                                   output.words()));
    opened.vdev = ethdev.name;
    if (rte_eth_dev_get_port_by_name(ethdev.name.c_str(), &opened.id) != 0)
      throw StartError(fmt::format("port {}: {} is no Ethernet device", name_, ethdev.name));
  }
  ethdevs_.push_back(opened);
}

void Port::configure(rte_mempool& pool) {
  for (Opened& ethdev : ethdevs_) configure(ethdev, pool);
}

void Port::configure(Opened& ethdev, rte_mempool& pool) {
  const rte_eth_dev_info info = device_info(ethdev.id, name_);
  if (info.max_tx_queues < ethdev.queues)
    throw StartError(fmt::format("port {}: {} has {} transmit queue(s), {} are needed: use fewer workers",
                                 name_, device_.name, info.max_tx_queues, ethdev.queues));
  const uint16_t rx_queues = std::min(ethdev.queues, info.max_rx_queues);
  rss_ = plan_rss(capabilities(info), side_, ethdevs_.size() > 1 ? 1 : rx_queues);
  if (ethdevs_.size() > 1) rss_.spread = Spread::driver;
  rte_eth_conf conf{};
  conf.rxmode.offloads = available(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, info.rx_offload_capa);
  conf.txmode.offloads = available(RTE_ETH_TX_OFFLOAD_MULTI_SEGS, info.tx_offload_capa);
  segments_ = segments_ && conf.txmode.offloads != 0;
  if (!interface_ && mtu_ != 1500) conf.rxmode.mtu = mtu_;
  if (rss_.fallback_types != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf = {rss_.key.data(), static_cast<uint8_t>(rss_.key.size()), rss_.fallback_types};
  }
  check(rte_eth_dev_configure(ethdev.id, rx_queues, ethdev.queues, &conf), name_,
        "device can't be configured");
  uint16_t rx_descriptors = kDescriptors, tx_descriptors = kDescriptors;
  check(rte_eth_dev_adjust_nb_rx_tx_desc(ethdev.id, &rx_descriptors, &tx_descriptors), name_, "descriptors");
  const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(ethdev.id));
  rte_eth_rxconf rx = info.default_rxconf;
  rx.offloads = conf.rxmode.offloads;
  rte_eth_txconf tx = info.default_txconf;
  tx.offloads = conf.txmode.offloads;
  for (uint16_t q = 0; q < rx_queues; ++q)
    check(rte_eth_rx_queue_setup(ethdev.id, q, rx_descriptors, socket, &rx, &pool), name_, "receive queue");
  for (uint16_t q = 0; q < ethdev.queues; ++q)
    check(rte_eth_tx_queue_setup(ethdev.id, q, tx_descriptors, socket, &tx), name_, "transmit queue");
  ethdev.receive_queues = rx_queues;
}

void Port::start() {
  for (const Opened& ethdev : ethdevs_) {
    check(rte_eth_dev_start(ethdev.id), name_, "device does not start");
    const auto error = apply_rules(rss_, ethdev.id);
    if (!error) continue;
    refused_ = *error;
    rss_.spread = Spread::plain_rss;
  }
}

void Port::stop() noexcept {
  for (const Opened& ethdev : ethdevs_) rte_eth_dev_stop(ethdev.id);
}

unsigned Port::queue_pairs() const noexcept {
  unsigned n = 0;
  for (const Opened& ethdev : ethdevs_) n += ethdev.queues;
  return n;
}

PortInfo Port::info() const {
  rte_ether_addr mac{};
  rte_eth_macaddr_get(ethdevs_.front().id, &mac);
  PortInfo info;
  std::copy_n(mac.addr_bytes, info.mac.bytes.size(), info.mac.bytes.begin());
  info.address = address_;
  info.mtu = static_cast<uint16_t>(mtu_);
  return info;
}

bool Port::link_up() const {
  if (interface_) return interface_->link_up();  // the PMDs for sockets don't follow it
  rte_eth_link link{};
  return rte_eth_link_get_nowait(ethdevs_.front().id, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

uint32_t Port::speed() const {
  if (interface_) return interface_->speed();  // the PMDs for sockets make one up
  rte_eth_link link{};
  const bool known = rte_eth_link_get_nowait(ethdevs_.front().id, &link) == 0 &&
                     link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN;
  return known ? link.link_speed : 0;
}

std::string Port::driver() const { return device_info(ethdevs_.front().id, name_).driver_name; }

PortStats Port::stats() const {
  PortStats sum;
  for (const Opened& ethdev : ethdevs_) {
    rte_eth_stats s{};
    if (rte_eth_stats_get(ethdev.id, &s) != 0) continue;
    sum.received += s.ipackets;
    sum.sent += s.opackets;
    sum.received_bytes += s.ibytes;
    sum.sent_bytes += s.obytes;
    sum.missed += s.imissed;
    sum.receive_errors += s.ierrors;
    sum.send_errors += s.oerrors;
    sum.no_buffer += s.rx_nombuf;
  }
  return sum;
}

std::string Port::description() const {
  std::string text = fmt::format("port {}: {}, {}, MTU {}, {} queue(s), {}", name_, device_.name, info().mac,
                                 mtu_, queue_pairs(), rss_.sentence());
  if (!refused_.empty()) text += fmt::format(" (flow rules refused: {})", refused_);
  return text;
}

std::vector<Queue> Port::receive_queues(unsigned worker) const {
  std::vector<Queue> all, mine;
  for (const Opened& ethdev : ethdevs_)
    for (uint16_t q = 0; q < ethdev.receive_queues; ++q) all.push_back({ethdev.id, q});
  for (std::size_t i = worker; i < all.size(); i += workers_) mine.push_back(all[i]);
  return mine;
}

Queue Port::transmit_queue(unsigned worker) const {
  for (const Opened& ethdev : ethdevs_) {
    if (worker < ethdev.queues) return {ethdev.id, static_cast<uint16_t>(worker)};
    worker -= ethdev.queues;
  }
  throw StartError(fmt::format("port {}: fewer transmit queues than workers", name_));
}

}  // namespace steelyard::dpdk
