// Every scheduler: what a window of picks costs the control core, and a pick a worker.
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "sched/scheduler.h"

using namespace steelyard;

namespace {

// Weights 1 to 4, and some connections.
std::vector<Candidate> servers(uint32_t n) {
  std::vector<Candidate> list(n);
  for (uint32_t i = 0; i < n; ++i)
    list[i] = {i,
               1 + i % 4,
               i * 7 % 50,
               i * 3 % 40,
               100 + i % 9,
               0,
               {Ipv4::from_host(0x0a000001 + i), Port::from_host(80)}};
  return list;
}

}  // namespace

TEST_CASE("schedulers", "[sched]") {
  for (const Scheduler& scheduler : schedulers())
    for (const uint32_t n : {4u, 1000u}) {
      const auto candidates = servers(n);
      const std::string name = std::string(scheduler.name) + ", " + std::to_string(n) + " servers: ";
      BENCHMARK(name + "fill a window") {
        Schedule window;
        scheduler.fill({candidates}, window);
        return window.picks.size();
      };
      auto window = std::make_unique<Schedule>();
      scheduler.fill({candidates}, *window);
      REQUIRE_FALSE(window->picks.empty());
      ScheduleSlot slot;
      slot.publish(std::move(window));
      Arrival client{{Ipv4::from_host(0xc0000201), Port::from_host(1024)}, Ipv4::from_host(0xc6336401)};
      REQUIRE(slot.pick(client).value() < n);
      BENCHMARK(name + "pick") {
        client.client.address.be += 0x01010101;
        return slot.pick(client);
      };
    }
}
