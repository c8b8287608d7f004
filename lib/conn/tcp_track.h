// The TCP states of a connection as a director in the middle sees them: exactly Linux IPVS's, recorded in
// test/golden/tcp_states.json.
#pragma once

#include <cstdint>

#include "conn/connection.h"
#include "net/batch.h"

namespace steelyard {

// The state after a packet with these TcpFlag bits. Pure.
State tcp_transition(State from, Direction direction, uint8_t tcp_flags) noexcept;

// How a server's active and inactive counts change, and whether the connection has just come to be
// ESTABLISHED.
struct Change {
  int8_t active = 0, inactive = 0;
  bool established = false;
  bool any() const noexcept { return (active | inactive | int{established}) != 0; }
};

// Any thread. Moves the connection to the state `to`, its flag kInactive in step with is_active(to). False if
// it is dead: then nothing changes, since whoever erased it has taken its last state into account.
bool set_state(Connection& c, State to, Change& change) noexcept;

// A worker, for each TCP packet of the connection. Costs a load and a table look-up when nothing changes.
Change track_tcp(Connection& c, Direction direction, uint8_t tcp_flags) noexcept;

}  // namespace steelyard
