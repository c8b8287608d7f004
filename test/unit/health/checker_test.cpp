#include "health/checker.h"

#include <map>

#include <catch2/catch.hpp>

using namespace steelyard;
using namespace std::chrono_literals;
using health::Checker;
using health::Outcome;
using std::chrono::milliseconds;

namespace {

Endpoint ep(const char* address, uint16_t port) { return {*parse_ipv4(address), Port::from_host(port)}; }

config::HealthCheck every(milliseconds interval, milliseconds timeout = 200ms) {
  config::HealthCheck check;
  check.interval = interval;
  check.timeout = timeout;
  check.jitter = 0ms;
  check.rise = 2;
  check.fall = 3;
  return check;
}

config::Service service(const char* name, Endpoint address, std::vector<config::Server> servers) {
  config::Service s;
  s.name = name;
  s.address = address;
  s.servers = std::move(servers);
  return s;
}

config::Server server(const char* address, config::HealthCheck check) {
  return {.address = ep(address, 80), .health = check};
}

// A world where probes end when the test says so, and time passes when the test says so.
struct World {
  struct Under : health::Probe {
    explicit Under(World& w, Endpoint t) : world(w), target(t) {}
    ~Under() override { world.under_way.erase(target); }
    std::string_view give_up() override {
      ++world.given_up;
      return "connect timed out";
    }
    World& world;
    Endpoint target;
  };

  Checker make(const std::vector<config::Service>& services) {
    return Checker(
        services,
        [this](Endpoint target, const config::HealthCheck&, health::Done done) {
          began[target].push_back(now);
          under_way[target] = std::move(done);
          return std::make_shared<Under>(*this, target);
        },
        [this](const health::Check& check, bool changed) {
          heard.push_back(std::string(to_string(check.state)) + (changed ? "! " : " ") + check.last.reason);
        },
        1);
  }

  void answer(Endpoint target, bool passed, const char* reason = "answer") {
    const health::Done done = under_way.at(target);
    done({passed ? Outcome::passed : Outcome::failed, reason});
  }
  void answer_all(bool passed) {
    std::vector<Endpoint> all;
    for (const auto& [target, done] : under_way) all.push_back(target);
    for (const Endpoint target : all) answer(target, passed);
  }

  milliseconds now = 1'000'000ms;
  std::map<Endpoint, health::Done> under_way;
  std::map<Endpoint, std::vector<milliseconds>> began;
  std::vector<std::string> heard;
  int given_up = 0;
};

// One server, checked every second.
struct Fixture : World {
  Endpoint web = ep("10.0.0.11", 80);
  Checker checker = make({service("web", ep("203.0.113.1", 80), {server("10.0.0.11", every(1s))})});
  void pass(milliseconds time) {
    for (const milliseconds end = now + time; now < end;) {
      now += 1ms;
      checker.tick(now);
    }
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a check begins every interval, and its results decide the state", "[health]") {
  pass(1ms);
  CHECK(checker.checks()[0].state == health::State::checking);
  CHECK(checker.checks()[0].since == now);
  answer(web, true, "connected");
  CHECK(heard == std::vector<std::string>{"up! connected"});
  CHECK(checker.checks()[0].state == health::State::up);
  CHECK(checker.checks()[0].since == now);
  const milliseconds up_since = now;

  for (int i = 0; i < 3; ++i) {
    pass(1s);
    answer(web, false, "connection refused");
  }
  CHECK(heard == std::vector<std::string>{"up! connected", "up connection refused", "up connection refused",
                                          "down! connection refused"});
  CHECK(checker.checks()[0].in_a_row == 3);
  CHECK(checker.checks()[0].since == up_since + 3s);
  for (int i = 0; i < 2; ++i) {
    pass(1s);
    answer(web, true);
  }
  CHECK(checker.checks()[0].state == health::State::up);
  const auto& times = began.at(web);
  REQUIRE(times.size() == 6);
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] == 1s);
}

TEST_CASE_METHOD(Fixture, "a check that takes too long is given up and has failed", "[health]") {
  pass(200ms);
  CHECK(heard.empty());
  pass(1ms);
  CHECK(heard == std::vector<std::string>{"down! connect timed out"});
  CHECK(given_up == 1);
  CHECK(under_way.empty());
  pass(799ms);
  CHECK(under_way.empty());
  pass(1ms);
  CHECK(under_way.size() == 1);
}

TEST_CASE_METHOD(Fixture, "an unknown outcome changes nothing", "[health]") {
  pass(1ms);
  answer(web, true);
  for (int i = 0; i < 5; ++i) {
    pass(1s);
    const health::Done done = under_way.at(web);
    done({Outcome::unknown, "too many open files"});
  }
  CHECK(heard.back() == "up too many open files");
  CHECK(checker.checks()[0].in_a_row == 1);
  CHECK(checker.checks()[0].last.outcome == Outcome::unknown);
}

TEST_CASE_METHOD(Fixture, "a pause of the control core ends nobody's time", "[health]") {
  pass(100ms);
  now += 1h;
  checker.tick(now);  // the answer waits in the socket still
  CHECK(heard.empty());
  answer(web, true);
  CHECK(checker.checks()[0].state == health::State::up);
  CHECK(checker.checks()[0].since == now);
}

TEST_CASE_METHOD(World, "a timeout beyond the interval holds the next check up", "[health]") {
  Checker checker = make({service("web", ep("203.0.113.1", 80), {server("10.0.0.11", every(100ms, 1s))})});
  for (int i = 0; i < 2500; ++i) checker.tick(now += 1ms);
  CHECK(began.at(ep("10.0.0.11", 80)).size() == 3);
  CHECK(given_up == 2);
}

TEST_CASE_METHOD(World, "equal checks run once for all who ask for them", "[health]") {
  config::HealthCheck elsewhere = every(1s);
  elsewhere.port = Port::from_host(81);
  config::HealthCheck slower = every(2s);
  config::Server on_81 = server("10.0.0.11", every(1s));
  on_81.address.port = Port::from_host(81);
  on_81.health->port = Port::from_host(81);
  Checker checker = make({
      service("a", ep("203.0.113.1", 80), {server("10.0.0.11", every(1s)), server("10.0.0.12", every(1s))}),
      service("b", ep("203.0.113.2", 80), {server("10.0.0.11", every(1s)), server("10.0.0.11", elsewhere)}),
      service("c", ep("203.0.113.3", 80), {server("10.0.0.11", slower), on_81}),
      service("d", ep("203.0.113.4", 80), {{.address = ep("10.0.0.11", 80)}}),
  });
  const auto members = [&](std::size_t i) {
    std::string names;
    for (const health::Member& m : checker.checks()[i].members) names += m.service_name;
    return to_string(checker.checks()[i].target) + " " + names;
  };
  REQUIRE(checker.checks().size() == 4);
  CHECK(members(0) == "10.0.0.11:80 ab");
  CHECK(members(1) == "10.0.0.12:80 a");
  CHECK(members(2) == "10.0.0.11:81 bc");  // the same port, once by `port`
  CHECK(members(3) == "10.0.0.11:80 c");
  CHECK(checker.checks()[2].members[0].server == ep("10.0.0.11", 80));
  CHECK(checker.checks()[2].members[1].server == ep("10.0.0.11", 81));
}

TEST_CASE_METHOD(World, "a thousand checks spread over their interval", "[health]") {
  std::vector<config::Server> servers;
  for (uint32_t i = 0; i < 1000; ++i) {
    servers.push_back(server("10.0.0.1", every(1s)));
    servers.back().address.address = Ipv4::from_host(0x0a000001 + i);
  }
  Checker checker = make({service("web", ep("203.0.113.1", 80), servers)});
  std::size_t most_at_once = 0;
  for (int i = 0; i < 10'000; ++i) {
    checker.tick(now += 1ms);
    most_at_once = std::max(most_at_once, under_way.size());
    answer_all(true);
  }
  CHECK(most_at_once == 1);
  for (const auto& [target, times] : began) {
    CAPTURE(to_string(target));
    CHECK(times.size() == 10);
  }
  CHECK(began.size() == 1000);
}

TEST_CASE_METHOD(World, "jitter varies the pauses both ways within its bounds, about the interval",
                 "[health]") {
  config::HealthCheck check = every(1s);
  check.jitter = 300ms;
  Checker checker = make({service("web", ep("203.0.113.1", 80), {server("10.0.0.11", check)})});
  for (int i = 0; i < 1'000'000; ++i) {
    checker.tick(now += 1ms);
    answer_all(true);
  }
  const auto& times = began.at(ep("10.0.0.11", 80));
  milliseconds shortest = 1h, longest = 0ms;
  for (std::size_t i = 1; i < times.size(); ++i) {
    shortest = std::min(shortest, times[i] - times[i - 1]);
    longest = std::max(longest, times[i] - times[i - 1]);
  }
  CHECK(shortest >= 700ms);
  CHECK(shortest < 750ms);
  CHECK(longest <= 1300ms);
  CHECK(longest > 1250ms);
  CHECK(times.size() > 970);
  CHECK(times.size() < 1030);
}

TEST_CASE_METHOD(World, "what is under way at the end is given up", "[health]") {
  {
    Checker checker = make({service("web", ep("203.0.113.1", 80), {server("10.0.0.11", every(1s))})});
    checker.tick(now);
    CHECK(under_way.size() == 1);
  }
  CHECK(given_up == 1);
}
