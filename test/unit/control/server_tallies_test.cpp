#include "control/server_tallies.h"

#include <catch2/catch.hpp>

using namespace steelyard;
using namespace std::chrono_literals;
using control::ServerTallies;

namespace {

struct Fixture {
  Fixture() {
    for (int i = 0; i < 3; ++i) workers.push_back(std::make_unique<WorkerCounters>(3));
  }
  void count(std::size_t worker, uint64_t connections, uint64_t packets) {
    ServerCounters& c = workers[worker]->servers[1];
    c.connections.add(connections);
    c.packets[kIn].add(packets), c.packets[kOut].add(2 * packets);
    c.bytes[kIn].add(100 * packets), c.bytes[kOut].add(1000 * packets);
  }
  void run(std::chrono::milliseconds time) {
    for (const auto end = now + time; now < end; now += 1ms) tallies.tick(now);
  }
  std::vector<std::unique_ptr<WorkerCounters>> workers;
  ServerTallies tallies{workers, 3};
  std::chrono::milliseconds now{5000};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "totals are sums over workers, of each server", "[control]") {
  count(0, 1, 10);
  count(2, 2, 20);
  workers[0]->servers[1].active.add(3);
  workers[1]->servers[1].active.add(~uint64_t{0});  // one of them ended on another worker
  const control::Totals t = tallies.total(1);
  CHECK(t.connections == 3);
  CHECK(t.active == 2);
  CHECK(t.packets_in == 30);
  CHECK(t.packets_out == 60);
  CHECK(t.bytes_in == 3000);
  CHECK(t.bytes_out == 30000);
  CHECK(tallies.total(0).packets_in == 0);
  CHECK(tallies.total(2).packets_in == 0);
}

TEST_CASE_METHOD(Fixture, "zeroed counts begin anew; what is goes on, and no worker's counter changes",
                 "[control]") {
  count(0, 4, 10);
  workers[0]->servers[1].active.add(3);
  workers[1]->servers[1].inactive.add(1);
  run(10s);
  CHECK(tallies.rates(1).packets_in > 0);
  tallies.zero(1);
  control::Totals t = tallies.shown(1);
  CHECK(t.connections == 0);
  CHECK(t.packets_in + t.packets_out + t.bytes_in + t.bytes_out == 0);
  CHECK(t.active == 3);
  CHECK(t.inactive == 1);
  CHECK(tallies.rates(1).packets_in == 0);
  CHECK(tallies.total(1).connections == 4);
  count(1, 1, 5);
  t = tallies.shown(1);
  CHECK(t.connections == 1);
  CHECK(t.packets_in == 5);
  CHECK(t.bytes_out == 5000);
  CHECK(workers[0]->servers[1].packets[kIn].get() == 10);
}

TEST_CASE_METHOD(Fixture, "rates move a quarter of the way every two seconds", "[control]") {
  run(4s);
  count(0, 200, 1600);  // 800 packets a second, once
  run(2s);
  CHECK(tallies.rates(1).connections == Approx(25));
  CHECK(tallies.rates(1).packets_in == Approx(200));
  CHECK(tallies.rates(1).packets_out == Approx(400));
  CHECK(tallies.rates(1).bytes_in == Approx(20'000));
  CHECK(tallies.rates(1).bytes_out == Approx(200'000));
  CHECK(tallies.rates(0).packets_in == 0);
  run(2s);
  CHECK(tallies.rates(1).packets_in == Approx(150));
  run(2s);
  CHECK(tallies.rates(1).packets_in == Approx(112.5));
}

TEST_CASE_METHOD(Fixture, "a steady rate is told exactly in the end, though ticks come late", "[control]") {
  for (int i = 0; i < 300; ++i, now += 370ms) {
    count(1, 37, 370);
    tallies.tick(now);
  }
  CHECK(tallies.rates(1).connections == Approx(100).epsilon(0.02));
  CHECK(tallies.rates(1).packets_in == Approx(1000).epsilon(0.02));
  now += std::chrono::hours(24 * 30);  // as in replay
  tallies.tick(now);
  CHECK(tallies.rates(1).packets_in < 1000);
}
