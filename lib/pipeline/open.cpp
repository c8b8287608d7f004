#include <algorithm>
#include <optional>

#include "forward/forwarding.h"
#include "net/headers.h"
#include "pipeline/account.h"
#include "pipeline/next_hop.h"
#include "pipeline/stages.h"

namespace steelyard {
namespace {

constexpr unsigned kMostTries = 64;  // picks for one connection while its client's endpoint is in conflict

bool is_syn(const Packet& p) noexcept { return (p.tcp_flags & (kSyn | kRst)) == kSyn; }

// A client's SYN finds the end of an earlier connection: it opens a new one.
bool reopens(const Packet& p, State s) noexcept {
  return (s == State::time_wait || s == State::close) && is_syn(p) && p.kind == PacketKind::flow &&
         p.key.direction == Direction::inbound;
}

bool may_open(const Packet& p, const VirtualService& service) noexcept {
  if (p.key.protocol == Protocol::udp || is_syn(p)) return true;
  return service.sloppy_tcp && (p.tcp_flags & kRst) == 0;
}

// Nobody can answer to these, or the answer would come back to us.
bool is_martian(Ipv4 source, const AddressTable& addresses) noexcept {
  const uint32_t first = source.host() >> 24;
  return first == 0 || first == 127 || first >= 224 ||
         (addresses.classes(source) & (kVirtualAddress | kLocalAddress)) != 0;
}

class Opener {
 public:
  Opener(const Snapshot*& snap, WorkerContext& context, Now now) noexcept
      : snap_(snap), context_(context), now_(now) {}

  // A packet whose connection was not found, is gone, or may be opened anew.
  void settle(Packet& p) noexcept {
    // What find_connections saw is older than what this batch has opened and closed since.
    if (changed_ || p.connection != nullptr) p.connection = context_.connections.find(p.key, p.hash);
    if (p.connection != nullptr && reopens(p, p.connection->state())) close(p);
    if (p.connection != nullptr) return;
    if (p.kind != PacketKind::flow || p.key.direction == Direction::outbound)
      p.verdict = Verdict::kernel;
    else
      open(p);
  }

 private:
  void close(Packet& p) noexcept {
    uint32_t last = 0;
    if (context_.connections.erase(p.connection, &last))
      count_closed(context_.counters.servers[p.connection->server], last);
    p.connection = nullptr;
    changed_ = true;
  }

  void open(Packet& p) noexcept {
    const std::optional<uint16_t> service = snap_->by_endpoint.find(p.key.protocol, p.key.other);
    if (!service) {
      p.verdict = Verdict::kernel;
      return;
    }
    if (!may_open(p, snap_->services[*service]) || is_martian(p.source, snap_->addresses))
      return p.drop(DropReason::no_connection);
    changed_ = true;
    schedule(p, *service);
  }

  void schedule(Packet& p, ServiceSlot service) noexcept {
    DropReason reason = DropReason::server_conflict;
    for (unsigned tries = tries_for(service); tries > 0 && reason == DropReason::server_conflict; --tries) {
      const std::optional<ServerSlot> server = pick(service, {p.key.client, p.key.other.address});
      if (!server) return p.drop(DropReason::no_server);
      if (insert(p, service, *server, reason)) return;
    }
    p.drop(reason);
  }

  unsigned tries_for(ServiceSlot service) const noexcept {
    const ScheduleSlot* schedule = snap_->services[service].schedule;
    const Schedule* current = schedule == nullptr ? nullptr : schedule->current();
    if (current == nullptr || current->is_mapping()) return 1;
    return static_cast<unsigned>(std::clamp<std::size_t>(current->picks.size(), 1, kMostTries));
  }

  std::optional<ServerSlot> pick(ServiceSlot service, const Arrival& arrival) noexcept {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const std::optional<ServerSlot> server = next_pick(service, arrival);
      if (!server || is_server_of(*server, service)) return server;
      // The schedule is newer than our snapshot: so must we be.
      snap_ = context_.published.load(std::memory_order_acquire);
      if (is_server_of(*server, service)) return server;
    }
    return std::nullopt;
  }

  std::optional<ServerSlot> next_pick(ServiceSlot service, const Arrival& arrival) noexcept {
    ScheduleSlot* schedule = snap_->services[service].schedule;
    if (schedule == nullptr) return std::nullopt;
    auto& left = context_.leftover;
    if (left.service == service) {
      left.service = kNoService;
      if (const Schedule* s = schedule->current(); s != nullptr && s->version == left.version)
        return left.server;
    }
    return schedule->pick(arrival);
  }

  bool is_server_of(ServerSlot server, ServiceSlot service) const noexcept {
    return server < snap_->servers.size() && snap_->servers[server].service == service &&
           service < snap_->services.size();
  }

  // The pick was not used.
  void keep(ServiceSlot service, ServerSlot server) noexcept {
    const Schedule* s = snap_->services[service].schedule->current();
    if (s != nullptr && s->is_mapping()) return;
    context_.leftover = {service, s == nullptr ? 0 : s->version, server};
  }

  bool insert(Packet& p, ServiceSlot service, ServerSlot server, DropReason& reason) noexcept {
    Connection* entry = context_.connections.allocate(context_.thread);
    if (entry == nullptr) {
      keep(service, server);
      reason = DropReason::table_full;
      return false;
    }
    fill(*entry, p, service, server);
    const auto [outcome, existing] = context_.connections.insert(context_.thread, entry, p.hash);
    using Inserted = ConnectionTable::Inserted;
    switch (outcome) {
      case Inserted::inserted:
        p.connection = entry;
        count_opened(context_.counters.servers[server]);
        return true;
      case Inserted::exists:
        p.connection = existing;
        keep(service, server);
        return true;
      case Inserted::server_conflict:
        reason = DropReason::server_conflict;
        return false;
      case Inserted::bucket_full:
        reason = DropReason::bucket_full;
        break;
      case Inserted::endpoint_limit:
        reason = DropReason::client_endpoint_limit;
        break;
    }
    keep(service, server);
    return false;
  }

  void fill(Connection& c, const Packet& p, ServiceSlot service, ServerSlot server) noexcept {
    const Endpoint real = snap_->servers[server].address;
    c.client_address = p.key.client.address;
    c.client_port = p.key.client.port;
    c.protocol = p.key.protocol;
    c.mode = ForwardingMode::nat;
    c.half[0].address = p.key.other.address;
    c.half[0].port = p.key.other.port;
    c.half[1].address = real.address;
    c.half[1].port = real.port;
    c.service = service;
    c.server = server;
    c.syn_us = now_.us;
    c.last_seen.store(now_.ticks, std::memory_order_relaxed);
    // TCP takes its first state from this packet, in track().
    const State first = c.protocol == Protocol::udp ? State::udp : State::none;
    c.state_word.store(state_word(first, kInactive), std::memory_order_relaxed);
    set_next_hops(c, *snap_);
    Forwarding::prepare(c);
  }

  const Snapshot*& snap_;
  WorkerContext& context_;
  Now now_;
  bool changed_ = false;
};

}  // namespace

void open_connections(Batch& batch, const Snapshot*& snap, WorkerContext& context, Now now) noexcept {
  Opener opener(snap, context, now);
  for (Packet& p : batch.all()) {
    if (p.verdict != Verdict::pending) continue;
    if (p.connection != nullptr) [[likely]] {
      const State s = p.connection->state();
      if (s != State::dead && !reopens(p, s)) [[likely]]
        continue;
    }
    opener.settle(p);
  }
}

}  // namespace steelyard
