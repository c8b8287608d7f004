// Schedules on the control core: what it takes to publish one, after a change and after arrivals.
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "control/schedules.h"

using namespace steelyard;

namespace {

// Services of equal servers; their loads are what the first worker counts.
class Services {
 public:
  Services(const Scheduler& scheduler, uint32_t services, uint32_t servers)
      : schedules_(grace_, counters_, std::size_t{services} * servers), services_(services) {
    counters_.push_back(std::make_unique<WorkerCounters>(std::size_t{services} * servers));
    for (ServerSlot slot = 0; slot < services * servers; ++slot) {
      if (slot % servers == 0) plans_.push_back({.scheduler = &scheduler});
      plans_.back().servers.push_back(
          {slot, {Ipv4::from_host(0x0a000001 + slot), Port::from_host(80)}, 1, true});
    }
    for (ServiceSlot s = 0; s < services; ++s) schedules_.set(s, plans_[s]);
  }

  void change_weight() {
    plans_[0].servers[0].weight = 1 + plans_[0].servers[0].weight % 2;
    schedules_.set(0, plans_[0]);
  }
  // Each service gets so many connections, all of which become the first server's.
  void arrive_and_tick(uint32_t connections) {
    for (ServiceSlot s = 0; s < services_; ++s)
      for (uint32_t i = 0; i < connections; ++i) schedules_.slot(s).pick();
    counters_[0]->servers[0].active.add(connections);
    schedules_.tick(++now_ms_);
  }
  bool follows_load() { return schedules_.slot(0).current()->follows_load; }
  uint64_t published() const { return schedules_.statistics().published; }

 private:
  GracePeriods grace_{1};
  control::Schedules::Counters counters_;
  control::Schedules schedules_;
  uint32_t services_;
  uint64_t now_ms_ = 0;
  std::vector<control::SchedulePlan> plans_;
};

}  // namespace

TEST_CASE("publication", "[sched]") {
  for (const Scheduler& scheduler : schedulers())
    for (const uint32_t n : {4u, 1000u}) {
      Services services(scheduler, 1, n);
      const std::string name = std::string(scheduler.name) + ", " + std::to_string(n) + " servers: ";
      const uint64_t before = services.published();
      services.change_weight();
      REQUIRE(services.published() == before + 1);
      BENCHMARK(name + "publish after a change") { services.change_weight(); };
      if (!services.follows_load()) continue;
      BENCHMARK(name + "1,000 picks and publish") { services.arrive_and_tick(1000); };
    }
}

TEST_CASE("a tick of many services", "[sched]") {
  for (const uint32_t n : {4u, 100u}) {
    Services services(*find_scheduler("wlc"), 1000, n);
    BENCHMARK("1,000 services of wlc, " + std::to_string(n) + " servers, 4 picks each, and the tick") {
      services.arrive_and_tick(4);
    };
  }
}
