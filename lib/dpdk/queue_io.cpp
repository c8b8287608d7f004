#include "dpdk/queue_io.h"

#include <utility>

#include <rte_ethdev.h>
#include <rte_pause.h>

namespace steelyard::dpdk {
namespace {

// A queue that is full gets a moment to drain; then frames are lost, as on any wire.
constexpr unsigned kSendAttempts = 8;
constexpr unsigned kPauses = 64;
// Vector drivers return nothing for a smaller request.
constexpr uint16_t kLeastRequest = 8;

// Some drivers hand a VLAN tag over beside the frame; the pipeline wants it inside.
bool put_tag_back(rte_mbuf*& packet) noexcept {
  return (packet->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0 || rte_vlan_insert(&packet) == 0;
}

}  // namespace

QueueIo::QueueIo(const Ports& ports, ControlIo& control, unsigned worker)
    : rings_(control.rings(worker)),
      direct_pool_(&ports.pools().packets()),
      indirect_pool_(&ports.pools().references()),
      counters_(ports.size()) {
  for (std::size_t p = 0; p < ports.size(); ++p) {
    for (const Queue queue : ports[p].receive_queues(worker))
      receive_.push_back({queue, static_cast<uint8_t>(p)});
    transmit_.push_back({ports[p].transmit_queue(worker), ports[p].sends_segments()});
  }
}

QueueIo::QueueIo(Wires wires)
    : receive_(std::move(wires.receive)),
      transmit_(std::move(wires.transmit)),
      rings_(wires.rings),
      direct_pool_(wires.direct_pool),
      indirect_pool_(wires.indirect_pool) {}

uint16_t QueueIo::receive(rte_mbuf** packets, uint16_t n) noexcept {
  uint16_t got = 0;
  const std::size_t queues = receive_.size();
  for (std::size_t i = 0; i < queues; ++i) {
    const auto room = static_cast<uint16_t>(n - got);
    if (room == 0 || (got > 0 && room < kLeastRequest)) break;
    const Receive& from = receive_[next_];
    next_ = next_ + 1 == queues ? 0 : next_ + 1;
    const uint16_t received = rte_eth_rx_burst(from.queue.ethdev, from.queue.queue, packets + got, room);
    got = static_cast<uint16_t>(got + adopt(packets + got, received, from.port));
  }
  return got;
}

uint16_t QueueIo::adopt(rte_mbuf** packets, uint16_t n, uint8_t port) noexcept {
  uint16_t kept = 0;
  for (uint16_t i = 0; i < n; ++i) {
    rte_mbuf* packet = packets[i];
    if (!put_tag_back(packet)) {
      rte_pktmbuf_free(packet);
      counters_[port].bad_tags.add();
      continue;
    }
    packet->port = port;
    packets[kept++] = packet;
  }
  return kept;
}

uint16_t QueueIo::send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept {
  const Transmit& to = transmit_[port];
  if (!to.segments)
    for (uint16_t i = 0; i < n; ++i) rte_pktmbuf_linearize(packets[i]);
  uint16_t sent = 0;
  for (unsigned attempt = 0; attempt < kSendAttempts && sent < n; ++attempt) {
    const auto left = static_cast<uint16_t>(n - sent);
    const uint16_t taken = rte_eth_tx_burst(to.queue.ethdev, to.queue.queue, packets + sent, left);
    sent = static_cast<uint16_t>(sent + taken);
    for (unsigned i = 0; i < kPauses && sent < n; ++i) rte_pause();
  }
  if (sent < n) {
    rte_pktmbuf_free_bulk(packets + sent, static_cast<unsigned>(n - sent));
    counters_[port].refused.add(static_cast<uint64_t>(n - sent));
  }
  return sent;
}

bool QueueIo::hold(rte_mbuf* packet, Ipv4 destination) noexcept {
  const uint16_t port = packet->port;
  packet->port = static_cast<uint16_t>(port | kHeld);
  packet->hash.usr = destination.be;
  if (rte_ring_sp_enqueue(rings_.up, packet) == 0) return true;
  packet->port = port;
  return false;
}

uint16_t QueueIo::relay() noexcept {
  std::array<rte_mbuf*, 32> frames;
  const auto n = static_cast<uint16_t>(rte_ring_sc_dequeue_burst(
      rings_.down, reinterpret_cast<void**>(frames.data()), static_cast<unsigned>(frames.size()), nullptr));
  for (uint16_t begin = 0, end = 0; begin < n; begin = end) {
    while (end < n && frames[end]->port == frames[begin]->port) ++end;
    const auto port = static_cast<uint8_t>(frames[begin]->port);
    counters_[port].relayed.add(send(port, frames.data() + begin, static_cast<uint16_t>(end - begin)));
  }
  return n;
}

}  // namespace steelyard::dpdk
