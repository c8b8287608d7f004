// What lc, wlc, sed, nq and lrt have in common: the server with the least load for its weight gets the next
// connection, the earlier one of equals. The window simulates the connections that will come: each makes its
// server's load grow as IPVS would see it.
#pragma once

#include "sched/scheduler.h"

namespace steelyard {

// The load of a server, which never falls as its connections grow. Below 2^48, so that it can be multiplied
// by a weight.
using Load = uint64_t (*)(const Candidate& server) noexcept;

void fill_least(const Situation& situation, Load load, bool weighted, Schedule& out);

// IPVS's measure for lc, wlc and twos: an inactive connection is worth 1/256 of an active one.
inline uint64_t connection_load(const Candidate& s) noexcept {
  return (uint64_t{s.active} << 8) + s.inactive;
}

// A connection more, as it counts when it is opened.
inline void open_connection(Candidate& server, bool active) noexcept {
  ++(active ? server.active : server.inactive);
}

}  // namespace steelyard
