// The schedules of all services: compiled from their servers' weights, health and loads, published to the
// workers, and kept fresh. The control core's thread only; workers pick from what slot() hands out.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/grace.h"
#include "control/response_times.h"
#include "pipeline/counters.h"
#include "sched/scheduler.h"
#include "service/snapshot.h"

namespace steelyard::control {

// What the schedule of a service is made of, apart from loads.
struct SchedulePlan {
  struct Server {
    ServerSlot slot = 0;
    Endpoint address;
    uint32_t weight = 1;
    bool up = true;  // false: gets no new connections until its checks pass again
    friend bool operator==(const Server&, const Server&) = default;
  };
  const Scheduler* scheduler = nullptr;
  SchedulerOptions options = {};
  Protocol protocol = Protocol::tcp;
  std::vector<Server> servers = {};  // in scheduling order
  friend bool operator==(const SchedulePlan&, const SchedulePlan&) = default;
};

class Schedules {
 public:
  using Counters = std::vector<std::unique_ptr<WorkerCounters>>;

  // Both outlive the schedules, which read the servers' loads from `counters`.
  Schedules(GracePeriods& grace, const Counters& counters, std::size_t server_slots)
      : grace_(grace), counters_(counters), responses_(server_slots) {}

  // Where workers pick. The address stays valid.
  ScheduleSlot& slot(ServiceSlot service);

  // Compiles and publishes the service's schedule, unless its plan is what it was.
  void set(ServiceSlot service, SchedulePlan plan);

  // About every millisecond: continues windows that run out, and computes anew what follows loads, for
  // services that had arrivals or whose loads have changed. Does at most about `kWork` steps (servers looked
  // at and picks made); who is left comes first the next time.
  void tick(uint64_t now_ms);
  static constexpr uint32_t kWork = 1 << 14;

  struct Statistics {
    uint64_t published = 0;  // schedules
    uint64_t repeated = 0;   // picks beyond the end of a window that does not repeat its sequence exactly
  };
  const Statistics& statistics() const noexcept { return statistics_; }

 private:
  struct Service {
    ScheduleSlot slot;
    SchedulePlan plan;
    std::vector<Candidate> candidates;  // as of the last compilation
    uint32_t busiest = 0;               // picks between two compilations, decaying
    bool follows_load() const noexcept { return slot.current() != nullptr && slot.current()->follows_load; }
  };

  struct Load {
    uint32_t active = 0, inactive = 0;
    uint64_t responses = 0;
  };
  Load load_of(ServerSlot server) const noexcept;
  std::vector<Candidate> candidates_of(const SchedulePlan& plan);
  void compile(Service& service, std::vector<Candidate> candidates, bool changed);
  uint32_t refresh(Service& service, bool only_if_picked);
  void renew(Service& service);
  template <class Do>
  void in_turn(std::size_t& cursor, uint32_t& work, const Do& step);
  uint32_t window(Service& service, uint32_t taken) const noexcept;

  GracePeriods& grace_;
  const Counters& counters_;
  ResponseTimes responses_;
  std::vector<std::unique_ptr<Service>> services_;    // by ServiceSlot
  std::size_t picked_ = 0, quiet_ = 0, windows_ = 0;  // where tick() goes on
  uint64_t now_ms_ = 0;
  Statistics statistics_;
  struct Retired {
    GracePeriods::Token token;
    std::unique_ptr<const Schedule> schedule;
  };
  std::deque<Retired> retired_;
};

}  // namespace steelyard::control
