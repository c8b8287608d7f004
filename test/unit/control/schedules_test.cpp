// What the control core makes schedules of, when it makes them anew, and what that costs.
#include <algorithm>
#include <chrono>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "control/director.h"
#include "control/response_times.h"

using namespace steelyard;

namespace {

using control::ResponseTimes;
using control::Schedules;

Endpoint ep(const char* address, uint16_t port) { return {*parse_ipv4(address), Port::from_host(port)}; }

config::Service service(uint32_t n, const char* scheduler, uint32_t servers) {
  config::Service s;
  s.name = fmt::format("s{}", n);
  s.address = {Ipv4::from_host(ep("198.18.0.0", 0).address.host() + n), Port::from_host(80)};
  s.scheduler = scheduler;
  for (uint32_t i = 0; i < servers; ++i)
    s.servers.push_back(
        {{Ipv4::from_host(ep("10.0.0.1", 0).address.host() + n * 4096 + i), Port::from_host(80)}, 1, {}});
  return s;
}

config::Config config_of(std::vector<config::Service> services) {
  config::Config c;
  c.director.connections = 1024;
  c.ports = {{.name = "outside", .device = "", .addresses = {{*parse_ipv4("203.0.113.1"), 24, {}}}}};
  c.services = std::move(services);
  return c;
}

struct Rig {
  explicit Rig(std::vector<config::Service> services, std::array<uint64_t, 2> seed = {})
      : config(config_of(std::move(services))),
        director(config, std::vector<PortInfo>(1), {.workers = 2, .hash_seed = seed}) {}

  ScheduleSlot& slot(ServiceSlot s = 0) { return *director.snapshot().services[s].schedule; }
  // The server's place in the file, as servers of the first service.
  std::vector<uint32_t> picks(int n) {
    std::vector<uint32_t> out;
    for (int i = 0; i < n; ++i) out.push_back(slot().pick().value_or(99));
    return out;
  }
  void tick() { director.tick(++now); }
  // As a worker would count `n` connections that became active.
  void open(ServerSlot server, uint64_t n, unsigned worker = 0) {
    director.counters(worker).servers[server].active.add(n);
  }

  config::Config config;
  control::Director director;
  uint64_t now = 1000;
};

using Picks = std::vector<uint32_t>;

}  // namespace

TEST_CASE("a schedule follows loads, with arrivals or without", "[control]") {
  Rig rig({service(0, "lc", 3)});
  CHECK(rig.picks(4) == Picks{0, 1, 2, 0});
  rig.tick();  // nothing was counted: it starts anew
  CHECK(rig.picks(2) == Picks{0, 1});
  rig.open(0, 2, 0), rig.open(1, 1, 1);
  rig.tick();
  CHECK(rig.picks(3) == Picks{2, 1, 2});
  rig.tick();
  rig.open(2, 5);  // no arrival since
  rig.tick();
  CHECK(rig.picks(4) == Picks{1, 0, 1, 0});
}

TEST_CASE("what nothing has changed is not published again", "[control]") {
  const char* scheduler = GENERATE("rr", "wrr", "lc", "lrt", "twos", "sh", "mh", "conhash");
  Rig rig({service(0, scheduler, 3)});
  rig.tick();
  const uint64_t before = rig.director.schedules().published;
  for (int i = 0; i < 10; ++i) rig.tick();
  CHECK(rig.director.schedules().published == before);
}

TEST_CASE("a change in one service does not compile the others anew", "[control]") {
  std::vector<config::Service> services;
  for (uint32_t i = 0; i < 20; ++i) services.push_back(service(i, i % 2 == 0 ? "conhash" : "wlc", 5));
  Rig rig(services);
  std::vector<const Schedule*> before;
  for (ServiceSlot s = 0; s < 20; ++s) before.push_back(rig.slot(s).current());
  const uint64_t published = rig.director.schedules().published;
  services[7].servers[2].weight = 9;
  rig.director.set_services(services);
  CHECK(rig.director.schedules().published == published + 1);
  for (ServiceSlot s = 0; s < 20; ++s) CHECK((rig.slot(s).current() == before[s]) == (s != 7));
  services[3].scheduler = "sh";
  services[4].scheduler_options.bounded_load = 150;
  services.pop_back();
  rig.director.set_services(services);
  CHECK(rig.director.schedules().published == published + 4);
}

TEST_CASE("two directors with the same file send a client to the same server", "[control]") {
  for (const char* scheduler : {"sh", "mh", "conhash"}) {
    Rig one({service(0, scheduler, 50)}, {1, 2}), other({service(0, scheduler, 50)}, {3, 4});
    unsigned differ = 0;
    for (uint32_t i = 0; i < 10'000; ++i) {
      const Arrival client{{Ipv4::from_host(i * 2654435769u), Port::from_host(99)}, {}};
      differ += one.slot().pick(client) != other.slot().pick(client);
    }
    CAPTURE(scheduler);
    CHECK(differ == 0);
  }
}

TEST_CASE("one tick does a bounded share of the work, and every service has its turn", "[control]") {
  constexpr uint32_t kServices = 1000;
  std::vector<config::Service> services;
  for (uint32_t i = 0; i < kServices; ++i) services.push_back(service(i, "wlc", 8));
  Rig rig(services);
  rig.tick();
  for (ServiceSlot s = 0; s < kServices; ++s) rig.slot(s).pick();
  uint64_t last = rig.director.schedules().published, most = 0;
  for (int i = 0; i < 12; ++i) {
    rig.tick();
    most = std::max(most, rig.director.schedules().published - last);
    last = rig.director.schedules().published;
  }
  CHECK(most * (8 * 3 + 64) <= Schedules::kWork + 8 * 3 + 64);
  for (ServiceSlot s = 0; s < kServices; ++s) CHECK(rig.slot(s).position() == 0);
}

TEST_CASE("windows grow with arrivals, and picks beyond their end are counted", "[control]") {
  Rig rig({service(0, "lc", 4)});
  rig.picks(1000);
  CHECK(rig.slot().current()->picks.size() == 64);
  rig.tick();
  CHECK(rig.director.schedules().repeated == 1000 - 64);
  CHECK(rig.slot().current()->picks.size() == 2048);
  rig.picks(1000);
  rig.tick();
  CHECK(rig.director.schedules().repeated == 1000 - 64);
  for (int i = 0; i < 40; ++i) {
    rig.picks(1);
    rig.tick();
  }
  CHECK(rig.slot().current()->picks.size() == 64);
}

TEST_CASE("response times are averages that decay", "[control]") {
  ResponseTimes times(2);
  CHECK(times.update(0, 0, 0) == 0);
  uint64_t samples = ResponseSamples::word(1000);
  CHECK(times.update(0, samples, 1) == 1000);
  CHECK(times.update(0, samples, 2) == 1000);
  samples += ResponseSamples::word(2600);
  CHECK(times.update(0, samples, 3) == 1100);  // a sixteenth of the way
  for (int i = 0; i < 200; ++i) samples += ResponseSamples::word(3000);
  CHECK(times.update(0, samples, 4) == 3000);
  CHECK(times.update(1, 0, 4) == 0);
  CHECK(times.update(0, samples, 10'003) == 3000);
  CHECK(times.update(0, samples, 10'004) == 1500);  // nobody has asked it for ten seconds
  CHECK(times.update(0, samples, 10'005) == 1500);
  CHECK(times.update(0, samples, 20'004) == 750);
  times.forget(0, samples, 20'005);
  CHECK(times.update(0, samples, 20'006) == 0);
}

TEST_CASE("sums of response times may wrap", "[control]") {
  ResponseTimes times(1);
  uint64_t samples = ~uint64_t{0} - 5000;
  times.forget(0, samples, 0);
  samples += ResponseSamples::word(40'000'000) + ResponseSamples::word(20'000'000);
  CHECK(times.update(0, samples, 1) == 30'000'000);
}

TEST_CASE("lrt follows what the workers measure", "[control]") {
  Rig rig({service(0, "lrt", 2)});
  for (int i = 0; i < 100; ++i) {
    rig.director.counters(0).servers[0].responses.add(ResponseSamples::word(3000));
    rig.director.counters(1).servers[1].responses.add(ResponseSamples::word(1000));
  }
  rig.tick();
  const auto picks = rig.picks(64);
  CHECK(std::ranges::count(picks, 1u) == 48);
}

// The cost is shown, never judged: this machine has other work to do.
namespace {

class Costs {
 public:
  Costs(const Scheduler& scheduler, uint32_t services, uint32_t servers, SchedulerOptions options = {})
      : schedules_(grace_, counters_, std::size_t{services} * servers), services_(services) {
    for (int i = 0; i < 3; ++i)
      counters_.push_back(std::make_unique<WorkerCounters>(std::size_t{services} * servers));
    for (uint32_t s = 0; s < services; ++s) {
      plans_.push_back({&scheduler, options, Protocol::tcp, {}});
      const config::Service made = service(s, "rr", servers);
      for (uint32_t i = 0; i < servers; ++i)
        plans_.back().servers.push_back({s * servers + i, made.servers[i].address, 1, true});
      schedules_.set(static_cast<ServiceSlot>(s), plans_.back());
    }
  }

  // us to publish the first service's schedule after a weight has changed.
  double change() {
    control::SchedulePlan plan = plans_[0];
    plan.servers[0].weight = ++weight_;
    return timed([&] { schedules_.set(0, plan); });
  }

  // us of the tick after each service has had so many arrivals; the first server got most of them.
  double refresh(uint32_t arrivals) {
    for (ServiceSlot s = 0; s < services_; ++s)
      for (uint32_t i = 0; i < arrivals; ++i) schedules_.slot(s).pick();
    counters_[0]->servers[0].active.add(arrivals);
    return timed([&] { schedules_.tick(++now_ms_); });
  }

 private:
  template <class Do>
  static double timed(const Do& what) {
    const auto start = std::chrono::steady_clock::now();
    what();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  }

  GracePeriods grace_{3};
  Schedules::Counters counters_;
  Schedules schedules_;
  uint32_t services_, weight_ = 1;
  uint64_t now_ms_ = 0;
  std::vector<control::SchedulePlan> plans_;
};

template <class Once>
double median(const Once& once) {
  std::vector<double> times;
  for (int i = 0; i < 11; ++i) times.push_back(once());
  std::ranges::nth_element(times, times.begin() + 5);
  return times[5];
}

}  // namespace

TEST_CASE("what publishing costs", "[control][cost]") {
  std::string table =
      "us to publish a schedule after a change, and (where it follows loads) after 1,000 arrivals\n"
      "           4 servers            1,000 servers\n";
  for (const Scheduler& s : schedulers()) {
    table += fmt::format("{:>8}", s.name);
    for (const uint32_t servers : {4u, 1000u}) {
      Costs costs(s, 1, servers);
      const double change = median([&] { return costs.change(); });
      table += fmt::format(" {:9.1f} {:9.1f}", change, median([&] { return costs.refresh(1000); }));
    }
    table += "\n";
  }
  for (const uint32_t servers : {4u, 1000u}) {
    Costs costs(*find_scheduler("conhash"), 1, servers, {.bounded_load = 125});
    table += fmt::format("conhash with bounded-load and {} servers, one of them full: {:.1f} us\n", servers,
                         median([&] { return costs.refresh(1000); }));
  }
  for (const uint32_t servers : {4u, 100u}) {
    Costs costs(*find_scheduler("wlc"), 1000, servers);
    table += fmt::format("1,000 services of wlc with {} servers, each with arrivals: a tick {:.1f} us\n",
                         servers, median([&] { return costs.refresh(4); }));
  }
  WARN(table);
}
