// Comparing an entry with a key. The caller holds the entry by a slot's word it loaded with acquire.
#pragma once

#include "conn/connection.h"
#include "net/batch.h"

namespace steelyard::conn {

// The entry is the connection of `key`, and alive. One branch, none on the direction.
inline bool holds(const Connection& c, const FlowKey& key) noexcept {
  const Half& half = c.half[static_cast<unsigned>(key.direction)];
  const uint32_t address =
      (c.client_address.be ^ key.client.address.be) | (half.address.be ^ key.other.address.be);
  const int port = (c.client_port.be ^ key.client.port.be) | (half.port.be ^ key.other.port.be);
  const int kind = static_cast<int>(c.protocol) ^ static_cast<int>(key.protocol);
  return (address | static_cast<uint32_t>(port | kind)) == 0 && c.state() != State::dead;
}

// insert() has had the entry (connection.h's kWritten), and nobody has erased it.
constexpr bool is_written(uint32_t state_word) noexcept { return (state_word >> 8 & kWritten) != 0; }

inline bool same_client(const Connection& a, const Connection& b) noexcept {
  return a.client() == b.client() && a.protocol == b.protocol;
}

inline bool same_key(const Connection& a, const Connection& b) noexcept {
  return same_client(a, b) && a.virtual_endpoint() == b.virtual_endpoint();
}

// At most one of the two may be in the table: for the same key, and so that a reply finds one connection.
inline bool in_conflict(const Connection& a, const Connection& b) noexcept {
  return same_client(a, b) &&
         (a.virtual_endpoint() == b.virtual_endpoint() || a.server_endpoint() == b.server_endpoint());
}

}  // namespace steelyard::conn
