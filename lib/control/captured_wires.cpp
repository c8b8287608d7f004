#include "control/captured_wires.h"

#include <utility>

#include <rte_mbuf.h>

#include "net/parse.h"

namespace steelyard::control {
namespace {

// A frame that leaves is the mirror image of one that comes: turned around, its key finds the connection that
// it belongs to.
void find_connection(Packet& p, const Director& director) noexcept {
  const bool from_service = director.snapshot().addresses.is_virtual(p.source);
  if (!from_service) std::swap(p.key.client, p.key.other);
  p.key.direction = from_service ? Direction::inbound : Direction::outbound;
  const ConnectionTable& table = director.table();
  p.connection = table.find(p.key, table.hash(p.key.client, p.key.protocol));
}

}  // namespace

bool CapturedWires::send(uint8_t port, std::span<const uint8_t> frame) {
  const bool sent = wires_.send(port, frame);
  Captures& captures = director_.captures();
  if (!sent || !captures.any()) return sent;
  rte_mbuf m{};  // refers to the frame; nothing is written
  m.buf_addr = const_cast<uint8_t*>(frame.data());
  m.data_len = static_cast<uint16_t>(frame.size());
  m.pkt_len = m.data_len;
  m.nb_segs = 1;
  Packet p;
  p.start(&m);
  parse_packet(p);
  if (p.kind == PacketKind::flow || p.kind == PacketKind::icmp_error) find_connection(p, director_);
  captures.sent(port, frame, p, clock_().us);
  return sent;
}

}  // namespace steelyard::control
