// Persistence templates: an entry of the connection table that says which server the next connections of a
// client, or of a network of clients, are given. No packet matches one: its Protocol is no packet's.
//
// It is found by the masked address of its clients, a number that stands for its service or group of services
// in place of a port, and an endpoint that tells services with the same number apart (half[0]; half[1] is the
// same, so that no two templates are ever in conflict). Written once like any entry; what changes is atomic:
// - `server`: the slot of the server. Who finds that it serves no longer replaces it by CAS, so of workers
//   that do so at once one wins, and all use what it has chosen.
// - extra[0]: holds, one for each connection whose `link` names it. An entry with holds is never erased, so
//   a link always names the template it was written for. claim() takes the holds from 0 to kOver by CAS:
//   hold() never succeeds afterwards, and whoever meets it then may erase it. Acquire and release here.
// - extra[1], last_seen: its timeout in ticks and when that began. As IPVS's timer they begin anew with each
//   connection, and if they have run out while it was held the timeout is a minute from then on.
#pragma once

#include "base/time.h"
#include "conn/connection.h"
#include "conn/table.h"

namespace steelyard {

inline constexpr Ticks kHeldTemplateTimeout = 60 * kTicksPerSecond;

struct TemplateKey {
  Ipv4 network;
  Port number;  // of the service or group
  Endpoint endpoint;
};

inline bool is_template(const Connection& c) noexcept { return c.protocol == Protocol::persistence; }
inline bool is_assured(const Connection& t) noexcept {
  return (t.state_word.load(std::memory_order_relaxed) >> 8 & kAssured) != 0;
}
inline uint32_t holds_of(const Connection& t) noexcept { return t.extra[0].load(std::memory_order_relaxed); }
inline Ticks timeout_of(const Connection& t) noexcept { return t.extra[1].load(std::memory_order_relaxed); }

// A worker's clock may be a tick ahead of the caller's.
constexpr Ticks idle_time(Ticks now, Ticks last_seen) noexcept {
  const Ticks idle = elapsed(now, last_seen);
  return idle > ~Ticks{0} / 2 ? 0 : idle;
}

// Workers. The template of this key, held for the caller; null: there is none, or it has just ended.
Connection* hold_template(ConnectionTable& table, const TemplateKey& key, Ticks now) noexcept;
struct MadeTemplate {
  enum class Outcome : uint8_t { made, exists, table_full, bucket_full, endpoint_limit };
  Outcome outcome;
  Connection* entry = nullptr;  // of `made`: held for the caller
};
// `exists`: another worker was faster.
MadeTemplate make_template(ConnectionTable& table, unsigned thread, const TemplateKey& key,
                           ServiceSlot service, ServerSlot server, Ticks timeout, Ticks now) noexcept;

// Any thread, of a template found in this turn. hold() is false if the template is over: as good as absent.
bool hold(Connection& t) noexcept;
void let_go(Connection& t, Ticks now) noexcept;
// Its time is over and nobody holds it. If somebody does, its time begins anew.
bool has_run_out(Connection& t, Ticks now) noexcept;
// A connection has been opened by it.
void restart(Connection& t, Ticks now) noexcept;
// Another server takes the place of `from`; false: somebody else was faster.
bool replace_server(Connection& t, ServerSlot from, ServerSlot to, Ticks timeout) noexcept;
void assure(Connection& t) noexcept;
// Nobody holds it, and nobody ever will again: true for exactly one caller, who erases it if nobody
// else has come to it first.
bool claim(Connection& t) noexcept;

}  // namespace steelyard
