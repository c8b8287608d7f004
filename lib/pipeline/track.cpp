#include "conn/tcp_track.h"
#include "conn/template.h"
#include "net/headers.h"
#include "net/parse.h"
#include "pipeline/account.h"
#include "pipeline/next_hop.h"
#include "pipeline/stages.h"

namespace steelyard {
namespace {

// Why the packet cannot be sent on, DropReason::count if it can: time to live first, as in Linux.
DropReason refusal(Packet& p) noexcept {
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(p.ip);
  if (ip.ttl <= 1) [[unlikely]]
    return DropReason::ttl_exceeded;
  if (p.next_hop != nullptr && p.ip_length > p.next_hop->mtu) [[unlikely]] {
    if ((ip.fragment & kIpDontFragment) != 0) return DropReason::fragmentation_needed;
    p.too_large = true;
  }
  return DropReason::count;
}

// The first answer to a connection's SYN.
void time_answer(const Packet& p, Connection& c, ServerCounters& server, uint32_t now_us) noexcept {
  constexpr uint32_t kMark = uint32_t{kAnswered} << 8;
  if (p.key.direction != Direction::outbound || c.state() != State::syn_recv) return;
  if ((c.state_word.fetch_or(kMark, std::memory_order_relaxed) & kMark) == 0)
    server.responses.add(ResponseSamples::word(now_us - c.syn_us));
}

void follow_change(Change change, const Connection& c, ServerCounters& server,
                   const ConnectionTable& connections) noexcept {
  count_change(server.active, change.active);
  count_change(server.inactive, change.inactive);
  if (!change.established) return;
  // Should the connection have been erased meanwhile, `of` may be another entry, which the flag does no harm.
  if (Connection* of = connections.template_of(c); of != nullptr) assure(*of);
}

void follow_state(const Packet& p, Connection& c, ServerCounters& server, const ConnectionTable& connections,
                  Now now) noexcept {
  if (p.key.protocol == Protocol::tcp) {
    if ((p.tcp_flags & (kSyn | kAck)) == (kSyn | kAck)) [[unlikely]]
      time_answer(p, c, server, now.us);
    const Change change = track_tcp(c, p.key.direction, p.tcp_flags);
    if (change.any()) [[unlikely]]
      follow_change(change, c, server, connections);
  }
  // A busy connection's line is written once a tick, not once a packet.
  if (c.last_seen.load(std::memory_order_relaxed) != now.ticks)
    c.last_seen.store(now.ticks, std::memory_order_relaxed);
}

// RFC 5508 REQ-3: no error with a wrong checksum is passed on. Nor one that is not for the sender of what it
// quotes: it could not come from the packet's path.
bool is_plausible(const Packet& p) noexcept {
  const bool inbound = p.key.direction == Direction::inbound;
  return p.destination == (inbound ? p.key.other : p.key.client).address && icmp_checksum_ok(p);
}

void track(Packet& p, const Snapshot& snap, WorkerContext& context, Now now) noexcept {
  Connection& c = *p.connection;
  const Direction d = p.key.direction;
  p.next_hop = next_hop(c, d, snap);
  if (p.kind == PacketKind::icmp_error && !is_plausible(p)) return p.drop(DropReason::bad_icmp_error);
  // As in Linux, a server's packet is refused before it counts, a client's after.
  const DropReason why_not = refusal(p);
  if (why_not != DropReason::count && d == Direction::outbound) return p.drop(why_not);
  ServerCounters& server = context.counters.servers[c.server];
  if (p.kind == PacketKind::flow) follow_state(p, c, server, context.connections, now);
  count_packet(server, d, p.ip_length);
  if (why_not != DropReason::count) return p.drop(why_not);
  if (p.next_hop != nullptr) [[likely]]
    p.out_port = p.next_hop->port;
}

}  // namespace

void track(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept {
  for (Packet& p : batch.all())
    if (p.verdict == Verdict::pending) track(p, snap, context, now);
}

}  // namespace steelyard
