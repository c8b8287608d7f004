#include "control/health_checks.h"

#include <cstdio>

#include <catch2/catch.hpp>

using namespace steelyard;
using namespace std::chrono_literals;
using health::Outcome;

namespace {

Endpoint ep(const char* address, uint16_t port) { return {*parse_ipv4(address), Port::from_host(port)}; }

config::Service service(const char* name, const char* address) {
  config::Service s;
  s.name = name;
  s.address = ep(address, 80);
  s.servers = {{.address = ep("10.0.0.11", 80), .health = config::HealthCheck{}}};
  return s;
}

struct Silent : health::Probe {
  std::string_view give_up() override { return "connect timed out"; }
};

struct Fixture {
  config::Config config = [] {
    config::Config c;
    c.director.connections = 4096;
    c.ports = {{.name = "inside", .device = "", .addresses = {{*parse_ipv4("10.0.0.1"), 24, {}}}}};
    c.services = {service("web", "203.0.113.10"), service("shop", "203.0.113.11")};
    c.services[1].when_all_down = config::WhenAllDown::use_all;
    return c;
  }();
  control::Director director{config, std::vector<PortInfo>(1), {.health_checks = true}};
  std::FILE* file = std::tmpfile();
  Logger log{LogLevel::info, file};
  health::Done done;
  std::vector<Ipv4> doubts;
  control::HealthChecks checks{config,
                               director,
                               [this](Endpoint, const config::HealthCheck&, health::Done d) {
                                 done = std::move(d);
                                 return std::make_shared<Silent>();
                               },
                               [this](Ipv4 a) { doubts.push_back(a); },
                               1,
                               log};
  std::chrono::milliseconds now = 1000ms;
  long told = 0;
  ~Fixture() { std::fclose(file); }

  // Lets the next check begin and end; returns what was logged.
  std::string result(Outcome outcome, const char* reason) {
    done = nullptr;
    while (!done) checks.tick(now += 1ms);
    done({outcome, reason});
    std::string text;
    std::fseek(file, told, SEEK_SET);
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
    told = std::ftell(file);
    std::fseek(file, 0, SEEK_END);
    return text;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "each change of a server and of its services is told once, with its reason",
                 "[control]") {
  CHECK(result(Outcome::passed, "connected") ==
        "info: tcp check of 10.0.0.11:80 (web, shop): up: connected\ninfo: service web: up\ninfo: service "
        "shop: up\n");
  CHECK(result(Outcome::passed, "connected").empty());
  CHECK(result(Outcome::failed, "connect timed out").empty());
  CHECK(result(Outcome::failed, "connect timed out").empty());
  CHECK(result(Outcome::failed, "connection refused") ==
        "warning: tcp check of 10.0.0.11:80 (web, shop): down: connection refused\n"
        "warning: service web: down: no server is up, new connections are refused\n"
        "warning: service shop: no server is up, so every server is used\n");
  CHECK(result(Outcome::failed, "connect timed out").empty());
  CHECK(director.services()[0].servers[0].reason == "connection refused");
  CHECK(director.services()[1].state == control::Availability::use_all);
  CHECK(result(Outcome::passed, "connected").empty());
  CHECK(result(Outcome::passed, "connected") ==
        "info: tcp check of 10.0.0.11:80 (web, shop): up: connected\ninfo: service web: up\ninfo: service "
        "shop: up\n");
  CHECK(director.services()[0].servers[0].reason.empty());
}

TEST_CASE_METHOD(Fixture, "each failure puts the neighbour in doubt, no other outcome does", "[control]") {
  result(Outcome::passed, "connected");
  result(Outcome::unknown, "too many open files");
  CHECK(doubts.empty());
  result(Outcome::failed, "connect timed out");
  result(Outcome::failed, "connect timed out");
  CHECK(doubts == std::vector<Ipv4>(2, *parse_ipv4("10.0.0.11")));
}

TEST_CASE_METHOD(Fixture, "that checks cannot be made is told once a minute", "[control]") {
  const std::string line =
      "warning: tcp check of 10.0.0.11:80 (web, shop): cannot be made: too many open files; servers keep the "
      "state they "
      "have\n";
  CHECK(result(Outcome::unknown, "too many open files") == line);
  CHECK(result(Outcome::unknown, "too many open files").empty());
  now += 1min;
  CHECK(result(Outcome::unknown, "too many open files") == line);
  CHECK(director.services()[0].state == control::Availability::checking);
}

TEST_CASE("a check that many services share names three of them", "[control]") {
  Fixture base;
  for (int i = 0; i < 5; ++i) base.config.services.push_back(service("more", "203.0.113.20"));
  for (std::size_t i = 2; i < base.config.services.size(); ++i)
    base.config.services[i].address.port = Port::from_host(static_cast<uint16_t>(1000 + i));
  control::Director director(base.config, std::vector<PortInfo>(1), {.health_checks = true});
  control::HealthChecks checks(
      base.config, director,
      [&](Endpoint, const config::HealthCheck&, health::Done d) {
        base.done = std::move(d);
        return std::make_shared<Silent>();
      },
      [](Ipv4) {}, 1, base.log);
  checks.tick(1ms);
  base.done({Outcome::passed, "connected"});
  for (const control::ServiceView& s : director.services()) CHECK(s.state == control::Availability::up);
  std::fseek(base.file, 0, SEEK_SET);
  char line[200];
  REQUIRE(std::fgets(line, sizeof line, base.file) != nullptr);
  CHECK(std::string(line) == "info: tcp check of 10.0.0.11:80 (web, shop, more and 4 more): up: connected\n");
}
