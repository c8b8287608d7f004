// Runs the health checks: when each begins, when its time is over, and what its results amount to. Checks of
// one target with equal parameters run once, for all servers that ask for them. It is told the time, and how
// to ask (start_probe in the daemon). Control core only.
//
// A check begins every interval, give or take a random part of the jitter, or when the one before has ended,
// if that is later. The checker's own clock never advances by more than 50 ms at a time: after a pause of the
// control core the answers that wait in the sockets are read before anyone's time is over, so a pause can
// delay a failure but not cause one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "health/probe.h"
#include "health/rise_fall.h"

namespace steelyard::health {

// A real server of a service whose state a check decides.
struct Member {
  std::string service_name;
  Protocol protocol = Protocol::none;
  Endpoint service, server;
};

struct Check {
  Endpoint target;
  config::HealthCheck how;
  std::vector<Member> members;
  State state = State::checking;
  std::chrono::milliseconds since{};  // that state; of tick()'s clock
  Result last;                        // of the last check that ended
  unsigned in_a_row = 0;              // results that agreed with it; 0: there is none yet
};

class Checker {
 public:
  using StartProbe = std::function<std::shared_ptr<Probe>(Endpoint, const config::HealthCheck&, Done)>;
  // Hears each result. `changed`: the state is new.
  using Hear = std::function<void(const Check&, bool changed)>;

  // Begins nothing before the first tick(). `seed`: of the jitter.
  Checker(std::span<const config::Service> services, StartProbe start, Hear hear, uint32_t seed);
  ~Checker();  // gives up what is under way
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Once a millisecond or so; `now` of a clock that doesn't go back. Begins at most 32 checks.
  void tick(std::chrono::milliseconds now);

  std::span<const Check> checks() const noexcept { return checks_; }

 private:
  using Time = std::chrono::milliseconds;
  struct Run {
    RiseFall standing;
    Time begun{}, due{};  // due: the next begin, or the end of the time of the one under way
    std::shared_ptr<Probe> probe = nullptr;  // null: none under way
  };
  void add(const config::Service& service, const config::Server& server);
  void plan(std::size_t index, Time due);
  void begin(std::size_t index);
  void end(std::size_t index, Result result);
  Time next_begin(std::size_t index);

  StartProbe start_;
  Hear hear_;
  std::vector<Check> checks_;
  std::vector<Run> runs_;                       // of checks_
  std::set<std::pair<Time, std::size_t>> due_;  // each check once
  std::minstd_rand random_;
  Time now_{}, clock_{};
  bool started_ = false;
};

}  // namespace steelyard::health
