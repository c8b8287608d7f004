#include "pipeline/templates.h"

namespace steelyard {
namespace {

// Each further one means that another worker was faster, or that a template has just come to its end.
constexpr int kMostTries = 4;

TemplateKey key_of(const Persistence& p, Ipv4 client) noexcept {
  return {Ipv4{client.be & p.mask.be}, p.number, p.endpoint};
}

DropReason reason(MadeTemplate::Outcome outcome) noexcept {
  if (outcome == MadeTemplate::Outcome::table_full) return DropReason::table_full;
  if (outcome == MadeTemplate::Outcome::endpoint_limit) return DropReason::client_endpoint_limit;
  return DropReason::bucket_full;  // also if other workers' templates came and went too often
}

}  // namespace

Templates::Found Templates::find(ServiceSlot service, const Arrival& arrival, DropReason& why) noexcept {
  const Persistence persistence = picker_.snapshot().services[service].persistence;
  const TemplateKey key = key_of(persistence, arrival.client.address);
  std::optional<ServerSlot> picked;
  const auto pick = [&] {
    if (!picked) picked = picker_.pick(service, arrival);
    return picked.has_value();
  };
  why = DropReason::no_server;
  for (int tries = 0; tries < kMostTries; ++tries) {
    Connection* by = hold_template(context_.connections, key, now_.ticks);
    if (by == nullptr) {
      if (!pick()) return {};
      const auto [outcome, made] = make_template(context_.connections, context_.thread, key, service, *picked,
                                                 persistence.timeout, now_.ticks);
      if (outcome == MadeTemplate::Outcome::made) return {made, *picked};
      why = reason(outcome);
      if (outcome == MadeTemplate::Outcome::exists) continue;
      break;
    }
    const ServerSlot named = by->server.load(std::memory_order_acquire);
    if (const auto server = serving(named, service)) {
      restart(*by, now_.ticks);
      if (picked) picker_.keep(service, *picked);
      return {by, *server};
    }
    const bool replaced = pick() && replace_server(*by, named, *picked, persistence.timeout);
    if (replaced) {
      restart(*by, now_.ticks);
      return {by, *picked};
    }
    let_go(*by, now_.ticks);
    if (!picked) return {};
  }
  picker_.keep(service, *picked);
  return {};
}

// The server of `service` that a template's server stands for, if it may have connections.
std::optional<ServerSlot> Templates::serving(ServerSlot named, ServiceSlot service) noexcept {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Snapshot& snap = picker_.snapshot();
    std::optional<ServerSlot> server;
    if (named < snap.servers.size())
      server = snap.services[service].persistence.group
                   ? snap.group_server(service, snap.servers[named].address.address)
                   : std::optional(named);
    if (server && picker_.is_server_of(*server, service)) return snap.serves(*server) ? server : std::nullopt;
    picker_.renew();  // the template may be newer than our snapshot
  }
  return std::nullopt;
}

}  // namespace steelyard
