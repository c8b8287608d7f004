// The counters of a connection's server, as all stages keep them.
#pragma once

#include "conn/connection.h"
#include "pipeline/counters.h"

namespace steelyard {

inline void count_opened(ServerCounters& server) noexcept {
  server.connections.add();
  server.inactive.add();  // as State::none and State::udp count
}

// A connection whose last state word was `last` is gone.
inline void count_closed(ServerCounters& server, uint32_t last) noexcept {
  const bool inactive = (last >> 8 & kInactive) != 0;
  (inactive ? server.inactive : server.active).add(~uint64_t{0});
}

// `delta` may be negative: the counter wraps (ServerCounters).
inline void count_change(Counter& counter, int delta) noexcept {
  counter.add(static_cast<uint64_t>(static_cast<int64_t>(delta)));
}

// IPVS counts whole IP packets.
inline void count_packet(ServerCounters& server, Direction d, uint16_t ip_length) noexcept {
  const auto i = static_cast<std::size_t>(d);  // no branch: it is as good as random
  static_assert(static_cast<std::size_t>(Direction::inbound) == kIn);
  server.packets[i].add();
  server.bytes[i].add(ip_length);
}

}  // namespace steelyard
