#include "net/answer.h"

#include "pipeline/stages.h"

namespace steelyard {
namespace {

// Clients hear from the virtual address, servers from the port their packet came in by; where that has no
// address, from the virtual one.
Ipv4 source_of_icmp(const Packet& p, const Snapshot& snap) noexcept {
  if (p.key.direction == Direction::inbound) return p.destination;
  const Ipv4 port = p.in_port < snap.ports.size() ? snap.ports[p.in_port].address : Ipv4{};
  if (port.be != 0 || p.connection == nullptr) return port;
  return p.connection->half[0].address;
}

// A RST if the service is to answer so. Packets that found no connection are always inbound here. Nobody but
// us has our addresses: who uses them gets no answer.
bool answer_no_connection(Packet& p, const Snapshot& snap, TokenBucket& rate, Ticks now) noexcept {
  const std::optional<uint16_t> service = snap.service_at(p.key.protocol, p.key.other);
  if (!service || snap.services[*service].no_connection != NoConnection::reset) return false;
  if ((snap.addresses.classes(p.source) & (kVirtualAddress | kLocalAddress)) != 0) return false;
  return may_reset(p) && rate.take(now) && answer_reset(p);
}

bool answer_icmp(Packet& p, const Snapshot& snap, TokenBucket& rate, Ticks now) noexcept {
  if (!may_answer(p) || !rate.take(now)) return false;
  const Ipv4 source = source_of_icmp(p, snap);
  switch (p.reason) {
    case DropReason::ttl_exceeded:
      return answer_time_exceeded(p, source);
    case DropReason::fragmentation_needed:
      return answer_fragmentation_needed(p, source, p.next_hop->mtu);
    default:
      return answer_port_unreachable(p, source);
  }
}

bool answer(Packet& p, const Snapshot& snap, WorkerContext& context, Ticks now) noexcept {
  switch (p.reason) {
    case DropReason::no_connection:
      return answer_no_connection(p, snap, context.limits.resets, now);
    case DropReason::ttl_exceeded:
    case DropReason::fragmentation_needed:
    case DropReason::no_server:
    case DropReason::table_full:
    case DropReason::bucket_full:
    case DropReason::client_endpoint_limit:
    case DropReason::server_conflict:
      return answer_icmp(p, snap, context.limits.icmp_errors, now);
    default:
      return false;
  }
}

}  // namespace

void answer(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept {
  for (Packet& p : batch.all()) {
    if (p.verdict != Verdict::drop || !answer(p, snap, context, now.ticks)) continue;
    p.verdict = Verdict::answer;
    p.out_port = p.in_port;
  }
}

}  // namespace steelyard
