#include "net/parse.h"

#include <rte_mbuf.h>

#include "pipeline/stages.h"

namespace steelyard {
namespace {

// Fragments of load-balanced traffic have nobody to put them together; the director's own go to its kernel.
void judge_fragment(Packet& p, const AddressTable& addresses) noexcept {
  const uint8_t to = addresses.classes(p.destination), from = addresses.classes(p.source);
  if ((to & kVirtualAddress) != 0 || ((from & kServerAddress) != 0 && (to & kLocalAddress) == 0))
    p.drop(DropReason::fragment);
  else
    p.verdict = Verdict::kernel;
}

// What stays pending has a key.
void judge(Packet& p, const AddressTable& addresses) noexcept {
  switch (p.kind) {
    case PacketKind::flow:
    case PacketKind::icmp_error:
      return orient(p, addresses.is_virtual(p.destination));
    case PacketKind::fragment:
      return judge_fragment(p, addresses);
    case PacketKind::ip:
    case PacketKind::other:
      p.verdict = Verdict::kernel;
  }
}

}  // namespace

// Two short loops: in one, the processor's window does not reach from one packet's chain of multiplications
// to the next packet's.
void parse(Batch& batch, const Snapshot& snap, const ConnectionTable& table) noexcept {
  for (Packet& p : batch.all()) {
    p.in_port = static_cast<uint8_t>(p.mbuf->port);
    parse_packet(p);
  }
  for (Packet& p : batch.all()) {
    if (p.verdict != Verdict::pending) continue;
    judge(p, snap.addresses);
    if (p.verdict == Verdict::pending) table.prepare(p);
  }
}

}  // namespace steelyard
