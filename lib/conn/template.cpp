#include "conn/template.h"

namespace steelyard {
namespace {

constexpr uint32_t kOver = uint32_t{1} << 31;  // more than there can be holds

// A blank entry becomes a template that its maker holds.
void fill(Connection& t, const TemplateKey& key, ServiceSlot service, ServerSlot server, Ticks timeout,
          Ticks now) noexcept {
  constexpr auto relaxed = std::memory_order_relaxed;
  t.client_address = key.network;
  t.client_port = key.number;
  t.protocol = Protocol::persistence;
  for (Half& half : t.half) half.address = key.endpoint.address, half.port = key.endpoint.port;
  t.service = service;
  t.server.store(server, relaxed);
  t.extra[0].store(1, relaxed);
  t.extra[1].store(timeout, relaxed);
  t.last_seen.store(now, relaxed);
  t.state_word.store(state_word(State::none, 0), relaxed);
}

}  // namespace

Connection* hold_template(ConnectionTable& table, const TemplateKey& key, Ticks now) noexcept {
  const FlowKey flow{{key.network, key.number}, key.endpoint, Protocol::persistence, Direction::inbound};
  Connection* t = table.find(flow, table.hash(flow.client, flow.protocol));
  if (t == nullptr) return nullptr;
  const bool over = has_run_out(*t, now) && claim(*t);
  if (!over && hold(*t)) return t;
  uint32_t last = 0;
  table.erase(t, &last, now);  // maybe the control core was about to
  return nullptr;
}

MadeTemplate make_template(ConnectionTable& table, unsigned thread, const TemplateKey& key,
                           ServiceSlot service, ServerSlot server, Ticks timeout, Ticks now) noexcept {
  using Outcome = MadeTemplate::Outcome;
  Connection* entry = table.allocate(thread);
  if (entry == nullptr) return {Outcome::table_full};
  fill(*entry, key, service, server, timeout, now);
  switch (table.insert(thread, entry, table.hash({key.network, key.number}, Protocol::persistence)).outcome) {
    case ConnectionTable::Inserted::inserted:
      return {Outcome::made, entry};
    case ConnectionTable::Inserted::exists:
    case ConnectionTable::Inserted::server_conflict:  // of no template: its endpoints are one
      return {Outcome::exists};
    case ConnectionTable::Inserted::bucket_full:
      return {Outcome::bucket_full};
    case ConnectionTable::Inserted::endpoint_limit:
      break;
  }
  return {Outcome::endpoint_limit};
}

bool hold(Connection& t) noexcept {
  // What is added to a template that is over does no harm: the entry is made blank before it is used again.
  return (t.extra[0].fetch_add(1, std::memory_order_acquire) & kOver) == 0;
}

void let_go(Connection& t, Ticks now) noexcept {
  has_run_out(t, now);  // while it is still held
  t.extra[0].fetch_sub(1, std::memory_order_release);
}

bool claim(Connection& t) noexcept {
  uint32_t nobody = 0;
  return t.extra[0].compare_exchange_strong(nobody, kOver, std::memory_order_acq_rel);
}

bool has_run_out(Connection& t, Ticks now) noexcept {
  for (;;) {
    Ticks began = t.last_seen.load(std::memory_order_relaxed);
    const Ticks timeout = timeout_of(t), idle = idle_time(now, began);
    if (idle <= timeout) return false;
    if (t.extra[0].load(std::memory_order_acquire) == 0) return true;
    const Ticks later = (idle - timeout) / kHeldTemplateTimeout * kHeldTemplateTimeout;
    t.extra[1].store(kHeldTemplateTimeout, std::memory_order_relaxed);
    if (t.last_seen.compare_exchange_strong(began, began + timeout + later, std::memory_order_relaxed))
      return false;
  }
}

void restart(Connection& t, Ticks now) noexcept {
  if (t.last_seen.load(std::memory_order_relaxed) != now) t.last_seen.store(now, std::memory_order_relaxed);
}

bool replace_server(Connection& t, ServerSlot from, ServerSlot to, Ticks timeout) noexcept {
  if (!t.server.compare_exchange_strong(from, to, std::memory_order_acq_rel)) return false;
  t.extra[1].store(timeout, std::memory_order_relaxed);
  t.state_word.fetch_and(~(uint32_t{kAssured} << 8), std::memory_order_relaxed);
  return true;
}

void assure(Connection& t) noexcept {
  if (!is_assured(t)) t.state_word.fetch_or(uint32_t{kAssured} << 8, std::memory_order_relaxed);
}

}  // namespace steelyard
