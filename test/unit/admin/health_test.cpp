#include "admin/health.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace steelyard;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

health::Check check(uint16_t port, health::State state, health::Outcome outcome, const char* reason) {
  health::Check c;
  c.target = {*parse_ipv4("10.0.0.11"), Port::from_host(port)};
  c.state = state;
  c.since = 5s;
  c.last = {outcome, reason};
  c.in_a_row = 2;
  return c;
}

std::string all_of(admin::Stream& stream, int* pieces = nullptr) {
  std::string out;
  while (stream.next(out) == admin::Stream::Next::more)
    if (pieces != nullptr) ++*pieces;
  return out;
}

const std::chrono::system_clock::time_point kWall{
    std::chrono::seconds(1'000'000'000)};  // 2001-09-09T01:46:40Z

}  // namespace

TEST_CASE("a health check as the API tells it", "[admin]") {
  health::Check down = check(80, health::State::down, health::Outcome::failed, "status 503, expected 200");
  down.how.kind = config::HttpCheck{};
  const Endpoint service{*parse_ipv4("203.0.113.1"), Port::from_host(80)};
  const auto member = [&](const char* name, uint16_t port) {
    return health::Member{name, Protocol::tcp, service, {down.target.address, Port::from_host(port)}};
  };
  down.members = {member("web", 80), member("web", 81), member("shop", 80)};
  const std::vector<health::Check> checks{down};
  CHECK(all_of(*admin::list_health(checks, 45s, kWall)) ==
        R"([{"address":"10.0.0.11","port":80,"kind":"http","state":"down","since":"2001-09-09T01:46:00Z",)"
        R"("last":"failed","in_a_row":2,"reason":"status 503, expected 200","services":["web","shop"]}])"
        "\n");
}

TEST_CASE("what the last check came to", "[admin]") {
  const std::vector<health::Check> checks{
      check(1, health::State::up, health::Outcome::passed, "connected"),
      check(2, health::State::checking, health::Outcome::unknown, ""),
      check(3, health::State::up, health::Outcome::unknown, "too many open files")};
  const json::value list = json::parse(all_of(*admin::list_health(checks, 5s, kWall)));
  const auto at = [&list](std::size_t i, const char* key) {
    return json::serialize(list.as_array().at(i).at(key));
  };
  CHECK(at(0, "last") + at(0, "state") + at(0, "kind") == R"("passed""up""tcp")");
  CHECK(at(1, "last") + at(1, "state") == R"("none""checking")");
  CHECK(at(2, "last") + at(2, "reason") == R"("unknown""too many open files")");
}

TEST_CASE("many checks come in pieces, none in one", "[admin]") {
  const std::vector<health::Check> checks(1001,
                                          check(1, health::State::up, health::Outcome::passed, "connected"));
  int pieces = 0;
  const json::value list = json::parse(all_of(*admin::list_health(checks, 5s, kWall), &pieces));
  CHECK(list.as_array().size() == 1001);
  CHECK(pieces == 50);
  CHECK(all_of(*admin::list_health({}, 5s, kWall)) == "[]\n");
}
