#include "service/tcp_state.h"

namespace steelyard {

std::string_view to_string(State s) noexcept {
  static constexpr std::array<std::string_view, kStates> kNames{
      "NONE",       "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE",
      "CLOSE_WAIT", "LAST_ACK",    "LISTEN",   "SYNACK",   "UDP",      "DEAD"};
  return kNames[static_cast<std::size_t>(s)];
}

std::array<std::chrono::seconds, kStates> default_timeouts() noexcept {
  using std::chrono::seconds;
  std::array<seconds, kStates> t;
  t.fill(seconds{120});
  const auto set = [&t](State s, int value) { t[static_cast<std::size_t>(s)] = seconds{value}; };
  set(State::none, 2);
  set(State::established, 900);
  set(State::syn_recv, 60);
  set(State::close, 10);
  set(State::close_wait, 60);
  set(State::last_ack, 30);
  set(State::udp, 300);
  set(State::dead, 0);
  return t;
}

}  // namespace steelyard
