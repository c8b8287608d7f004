// Schedules of made-up servers.
#pragma once

#include <vector>

#include "sched/scheduler.h"

namespace steelyard::test {

// The n-th of servers 10.0.0.1:80, 10.0.0.2:80 ...
inline Candidate server(uint32_t n, uint32_t weight = 1) {
  return {.server = n, .weight = weight, .address = {Ipv4::from_host(0x0a000001 + n), Port::from_host(80)}};
}

inline std::vector<Candidate> servers(uint32_t n, uint32_t weight = 1) {
  std::vector<Candidate> all;
  for (uint32_t i = 0; i < n; ++i) all.push_back(server(i, weight));
  return all;
}

inline Schedule fill(const char* scheduler, const std::vector<Candidate>& servers,
                     Situation situation = {.servers = {}}) {
  Schedule out;
  situation.servers = servers;
  find_scheduler(scheduler)->fill(situation, out);
  return out;
}

inline uint32_t chosen(const Schedule& schedule, Arrival arrival) {
  return schedule.at(hash(schedule.mapping, arrival)).value_or(Schedule::kNobody);
}

// Clients all over the address space, the same ones each time.
inline std::vector<Arrival> clients(uint32_t n) {
  std::vector<Arrival> all;
  for (uint32_t i = 0; i < n; ++i)
    all.push_back(
        {{Ipv4::from_host(i * 2654435769u), Port::from_host(static_cast<uint16_t>(1024 + i % 60000))},
         Ipv4::from_host(0xcb00710a)});
  return all;
}

}  // namespace steelyard::test
