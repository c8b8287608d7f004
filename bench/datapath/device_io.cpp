#include "datapath/device_io.h"

#include <algorithm>

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>

#include "base/start_error.h"
#include "dpdk/device.h"
#include "net/batch.h"
#include "replay/pcap.h"

namespace steelyard::bench {
namespace {

constexpr uint16_t kDescriptors = 1024;
constexpr unsigned kCache = 256, kSpareBuffers = 8191, kWire = 256;
constexpr std::size_t kLeastRoom = 256, kAnswerRoom = 64;

bool is_ring(const std::string& device) { return device.starts_with("net_ring"); }

void check(int result, const std::string& device, const char* what) {
  if (result < 0) throw StartError(fmt::format("device {}: {}: {}", device, what, rte_strerror(-result)));
}

rte_ring* make_ring(const std::string& name) {
  rte_ring* ring =
      rte_ring_create(name.c_str(), kWire, static_cast<int>(rte_socket_id()), RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr)
    throw StartError(fmt::format("no memory for ring {}: {}", name, rte_strerror(rte_errno)));
  return ring;
}

}  // namespace

std::vector<std::string> Devices::for_eal(const std::vector<std::string>& devices) {
  std::vector<std::string> list;
  std::ranges::copy_if(devices, std::back_inserter(list), [](const std::string& d) { return !is_ring(d); });
  return list;
}

// net_pcap with infinite_rx=1 keeps every packet of its capture in a buffer, so there must be as many; for
// small frames they need not be large.
Devices::Buffers Devices::buffers(const std::vector<std::string>& devices) {
  Buffers b{kSpareBuffers, kLeastRoom};
  for (const std::string& d : devices) {
    if (!d.starts_with("net_pcap")) {
      b.room = std::max<std::size_t>(b.room, RTE_MBUF_DEFAULT_BUF_SIZE);
      continue;
    }
    const std::string file = dpdk::argument(d, "rx_pcap");
    if (file.empty()) continue;
    replay::PcapReader reader(file);
    while (const auto packet = reader.next()) {
      ++b.number;
      b.room = std::max<std::size_t>(
          b.room, RTE_ALIGN(RTE_PKTMBUF_HEADROOM + packet->bytes.size() + kAnswerRoom, RTE_CACHE_LINE_SIZE));
    }
  }
  b.room = std::min<std::size_t>(b.room, UINT16_MAX & ~(RTE_CACHE_LINE_SIZE - 1));
  return b;
}

std::size_t Devices::buffer_bytes(const std::vector<std::string>& devices) {
  const Buffers b = buffers(devices);
  return b.number * (b.room + sizeof(rte_mbuf) + RTE_CACHE_LINE_SIZE);
}

Devices::Devices(const std::vector<std::string>& devices) {
  const auto socket = static_cast<int>(rte_socket_id());
  const Buffers b = buffers(devices);
  pool_ = rte_pktmbuf_pool_create("devices", static_cast<unsigned>(b.number), kCache, 0,
                                  static_cast<uint16_t>(b.room), socket);
  references_ = rte_pktmbuf_pool_create("references", 255, 0, 0, 0, socket);
  if (pool_ == nullptr || references_ == nullptr)
    throw StartError(fmt::format("no memory for {} packet buffers: {}", b.number, rte_strerror(rte_errno)));
  rings_ = {make_ring("up"), make_ring("down")};
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string name = devices[i].substr(0, devices[i].find(','));
    if (is_ring(name))
      add_ring(static_cast<unsigned>(i));
    else if (uint16_t id = 0; rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0)
      ports_.push_back({id});
    else
      throw StartError(fmt::format("device {}: the EAL does not know it", name));
    start(ports_.back());
  }
}

void Devices::add_ring(unsigned number) {
  Port port;
  port.to_device = make_ring(fmt::format("to{}", number));
  port.from_device = make_ring(fmt::format("from{}", number));
  const int id = rte_eth_from_rings(fmt::format("bench{}", number).c_str(), &port.to_device, 1,
                                    &port.from_device, 1, rte_socket_id());
  if (id < 0) throw StartError(fmt::format("net_ring: {}", rte_strerror(rte_errno)));
  port.ethdev = static_cast<uint16_t>(id);
  ports_.push_back(port);
}

void Devices::start(Port& port) {
  char name[RTE_ETH_NAME_MAX_LEN] = "";
  rte_eth_dev_get_name_by_port(port.ethdev, name);
  rte_eth_conf configuration{};
  check(rte_eth_dev_configure(port.ethdev, 1, 1, &configuration), name, "one queue each way");
  uint16_t receive = kDescriptors, transmit = kDescriptors;
  check(rte_eth_dev_adjust_nb_rx_tx_desc(port.ethdev, &receive, &transmit), name, "descriptors");
  const unsigned socket = rte_socket_id();
  check(rte_eth_rx_queue_setup(port.ethdev, 0, receive, socket, nullptr, pool_), name, "receive queue");
  check(rte_eth_tx_queue_setup(port.ethdev, 0, transmit, socket, nullptr), name, "transmit queue");
  check(rte_eth_dev_start(port.ethdev), name, "start");
  rte_eth_promiscuous_enable(port.ethdev);  // frames are not for the device's own address
}

Devices::~Devices() {
  for (const Port& port : ports_) {
    rte_eth_dev_stop(port.ethdev);
    rte_eth_dev_close(port.ethdev);
    rte_ring_free(port.to_device);
    rte_ring_free(port.from_device);
  }
  rte_ring_free(rings_.up);
  rte_ring_free(rings_.down);
  rte_mempool_free(references_);
  rte_mempool_free(pool_);
}

dpdk::QueueIo::Wires Devices::wires() const {
  dpdk::QueueIo::Wires w{{}, {}, rings_, pool_, references_};
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    w.receive.push_back({{ports_[i].ethdev, 0}, static_cast<uint8_t>(i)});
    w.transmit.push_back({{ports_[i].ethdev, 0}, true});
  }
  return w;
}

DeviceIo::DeviceIo(const Devices& devices, MemoryNic& source)
    : io_(devices.wires()),
      ports_(devices.ports()),
      source_(source),
      fed_(std::ranges::any_of(ports_, [](const Devices::Port& p) { return p.to_device != nullptr; })) {}

void DeviceIo::feed(uint16_t n) noexcept {
  rte_mbuf* packets[kBatchSize];
  n = source_.receive(packets, std::min(n, kBatchSize));
  for (uint16_t i = 0; i < n; ++i) {
    rte_ring* wire = ports_[packets[i]->port % ports_.size()].to_device;
    if (wire == nullptr || rte_ring_sp_enqueue(wire, packets[i]) != 0) rte_pktmbuf_free(packets[i]);
  }
}

void DeviceIo::drain(uint8_t port) noexcept {
  rte_ring* wire = ports_[port].from_device;
  if (wire == nullptr) return;
  rte_mbuf* packets[kBatchSize];
  while (const unsigned n =
             rte_ring_sc_dequeue_burst(wire, reinterpret_cast<void**>(packets), kBatchSize, nullptr))
    rte_pktmbuf_free_bulk(packets, n);
}

}  // namespace steelyard::bench
