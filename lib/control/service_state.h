// A service as the director keeps it. Only for the director's own files.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "control/director.h"

namespace steelyard::control {

struct Director::ServiceState {
  std::string name;
  const Scheduler* scheduler = nullptr;
  SchedulerOptions options;
  VirtualService service;
  std::vector<ServerSlot> servers;  // in scheduling order
  bool gone = false;                // no longer configured; kept for the connections it still has
  bool stale = false;               // in stale_
  config::WhenAllDown when_all_down = config::WhenAllDown::reject;
  std::string persistence_group;
  std::array<std::size_t, 3> servers_by_state{};  // of weight above 0, by health::State

  std::size_t& count(health::State s) noexcept { return servers_by_state[static_cast<std::size_t>(s)]; }
  Availability availability() noexcept {
    if (count(health::State::up) > 0) return Availability::up;
    if (count(health::State::checking) > 0) return Availability::checking;
    const bool last_resort = when_all_down == config::WhenAllDown::use_all && count(health::State::down) > 0;
    return last_resort ? Availability::use_all : Availability::down;
  }
};

}  // namespace steelyard::control
