#include <optional>

#include "forward/forwarding.h"
#include "net/headers.h"
#include "pipeline/account.h"
#include "pipeline/next_hop.h"
#include "pipeline/picker.h"
#include "pipeline/stages.h"
#include "pipeline/templates.h"

namespace steelyard {
namespace {

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
  Opener(const Batch& batch, const Snapshot*& snap, WorkerContext& context, Now now) noexcept
      : batch_(batch), snap_(snap), context_(context), now_(now), picker_(snap, context) {}

  // A packet whose connection was not found, is gone, or may be opened anew.
  void settle(Packet& p) noexcept {
    // What find_connections saw is older than what this batch has opened and closed since.
    if (changed_ || p.connection != nullptr) p.connection = context_.connections.find(p.key, p.hash);
    if (p.connection != nullptr && reopens(p, p.connection->state())) close(p);
    if (p.connection != nullptr) return;
    if (p.kind == PacketKind::flow && p.key.direction == Direction::inbound)
      open(p);
    else if (!pass_back(p))
      p.verdict = Verdict::kernel;
  }

 private:
  void close(Packet& p) noexcept {
    uint32_t last = 0;
    if (context_.connections.erase(p.connection, &last, now_.ticks))
      count_closed(context_.counters.servers[p.connection->server], last);
    p.connection = nullptr;
    changed_ = true;
  }

  void open(Packet& p) noexcept {
    const std::optional<ServiceSlot> slot = snap_->service_at(p.key.protocol, p.key.other);
    if (!slot) {
      p.verdict = Verdict::kernel;
      return;
    }
    const VirtualService& service = snap_->services[*slot];
    if (!may_open(p, service) || is_martian(p.source, snap_->addresses))
      return p.drop(DropReason::no_connection);
    changed_ = true;
    if (service.persistence.timeout != 0)
      schedule_by_template(p, *slot, service.one_packet);
    else if (service.one_packet)
      schedule_one_packet(p, *slot);
    else
      schedule(p, *slot);
  }

  static Arrival arrival(const Packet& p) noexcept { return {p.key.client, p.key.other.address}; }

  void schedule(Packet& p, ServiceSlot service) noexcept {
    DropReason reason = DropReason::server_conflict;
    for (unsigned tries = picker_.tries_for(service); tries > 0 && reason == DropReason::server_conflict;
         --tries) {
      const std::optional<ServerSlot> server = picker_.pick(service, arrival(p));
      if (!server) return p.drop(DropReason::no_server);
      const Opened opened = insert(p, service, *server, kNoTemplate, reason);
      if (opened == Opened::opened) return;
      if (opened == Opened::exists || reason != DropReason::server_conflict) picker_.keep(service, *server);
      if (opened == Opened::exists) return;
    }
    p.drop(reason);
  }

  // The pick, if there was one, is the template's: nothing to give back.
  void schedule_by_template(Packet& p, ServiceSlot service, bool one_packet) noexcept {
    DropReason reason = DropReason::no_server;
    const auto [by, server] = Templates(picker_, context_, now_).find(service, arrival(p), reason);
    if (by == nullptr) return p.drop(reason);
    Opened opened = Opened::exists;
    if (one_packet)
      pass(p, service, server);
    else
      opened = insert(p, service, server, context_.connections.link_to(*by), reason);
    if (opened != Opened::opened) let_go(*by, now_.ticks);
    if (opened == Opened::refused) p.drop(reason);
  }

  void schedule_one_packet(Packet& p, ServiceSlot service) noexcept {
    const std::optional<ServerSlot> server = picker_.pick(service, arrival(p));
    if (!server) return p.drop(DropReason::no_server);
    pass(p, service, *server);
  }

  // A datagram that is scheduled by itself: its connection lasts for this turn and is in no table.
  void pass(Packet& p, ServiceSlot service, ServerSlot server) noexcept {
    pass_as(p, p.key.other, service, server);
    context_.counters.servers[server].connections.add();
  }

  // What a server of a one_packet service says, with nothing kept that tells of it: its endpoint says which
  // service it belongs to. False: it is nobody's.
  bool pass_back(Packet& p) noexcept {
    if (snap_->one_packet_servers.empty() || p.key.protocol != Protocol::udp ||
        p.key.direction != Direction::outbound || is_martian(p.key.client.address, snap_->addresses))
      return false;
    const ServerTable& servers = snap_->one_packet_servers;
    auto server = servers.find(Protocol::udp, p.key.other);
    if (!server) server = servers.find(Protocol::udp, {p.key.other.address, {}});
    if (!server) return false;
    const ServiceSlot service = snap_->servers[*server].service;
    Endpoint from = snap_->services[service].address;
    if (from.port == Port{}) from.port = p.key.other.port;
    pass_as(p, from, service, *server);
    return true;
  }

  void pass_as(Packet& p, Endpoint virtual_endpoint, ServiceSlot service, ServerSlot server) noexcept {
    Connection& c = context_.passing[static_cast<std::size_t>(&p - batch_.packets.data())];
    fill(c, p.key, virtual_endpoint, service, server);
    p.connection = &c;
  }

  enum class Opened : uint8_t { opened, exists, refused };

  Opened insert(Packet& p, ServiceSlot service, ServerSlot server, uint32_t link,
                DropReason& reason) noexcept {
    Connection* entry = context_.connections.allocate(context_.thread);
    if (entry == nullptr) {
      reason = DropReason::table_full;
      return Opened::refused;
    }
    fill(*entry, p.key, p.key.other, service, server);
    entry->link.store(link, std::memory_order_relaxed);
    const auto [outcome, existing] = context_.connections.insert(context_.thread, entry, p.hash);
    using Inserted = ConnectionTable::Inserted;
    switch (outcome) {
      case Inserted::inserted:
        p.connection = entry;
        count_opened(context_.counters.servers[server]);
        return Opened::opened;
      case Inserted::exists:
        p.connection = existing;
        return Opened::exists;
      case Inserted::server_conflict:
        reason = DropReason::server_conflict;
        break;
      case Inserted::bucket_full:
        reason = DropReason::bucket_full;
        break;
      case Inserted::endpoint_limit:
        reason = DropReason::client_endpoint_limit;
        break;
    }
    return Opened::refused;
  }

  void fill(Connection& c, const FlowKey& key, Endpoint virtual_endpoint, ServiceSlot service,
            ServerSlot server) noexcept {
    const Endpoint real = snap_->servers[server].address;
    c.client_address = key.client.address;
    c.client_port = key.client.port;
    c.protocol = key.protocol;
    c.mode = ForwardingMode::nat;
    c.half[0].address = virtual_endpoint.address;
    c.half[0].port = virtual_endpoint.port;
    c.half[1].address = real.address;
    c.half[1].port = real.port == Port{} ? virtual_endpoint.port : real.port;
    c.service = service;
    c.server.store(server, std::memory_order_relaxed);
    c.syn_us = now_.us;
    c.last_seen.store(now_.ticks, std::memory_order_relaxed);
    // TCP takes its first state from this packet, in track().
    const State first = c.protocol == Protocol::udp ? State::udp : State::none;
    c.state_word.store(state_word(first, kInactive), std::memory_order_relaxed);
    set_next_hops(c, *snap_);
    Forwarding::prepare(c);
  }

  const Batch& batch_;
  const Snapshot*& snap_;
  WorkerContext& context_;
  Now now_;
  Picker picker_;
  bool changed_ = false;
};

}  // namespace

void open_connections(Batch& batch, const Snapshot*& snap, WorkerContext& context, Now now) noexcept {
  Opener opener(batch, snap, context, now);
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
