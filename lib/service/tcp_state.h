// Connection states with the names and meaning of Linux IPVS (recorded in test/golden/tcp_states.json).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace steelyard {

enum class State : uint8_t {
  none,
  established,
  syn_sent,
  syn_recv,
  fin_wait,
  time_wait,
  close,
  close_wait,
  last_ack,
  listen,
  synack,
  udp,
  dead,  // unlinked from the table: no packet may change it any more
  count
};
inline constexpr std::size_t kStates = static_cast<std::size_t>(State::count);

std::string_view to_string(State s) noexcept;  // "ESTABLISHED", as /proc/net/ip_vs_conn prints it

// IPVS's ActiveConn counts these, InActConn all others.
constexpr bool is_active(State s) noexcept {
  return s == State::established || s == State::syn_sent || s == State::syn_recv || s == State::synack;
}

// IPVS's defaults; a service may change established, fin_wait and udp (`timeouts:` in the configuration).
std::array<std::chrono::seconds, kStates> default_timeouts() noexcept;

}  // namespace steelyard
