#include "datapath/report.h"

#include <algorithm>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace steelyard::bench;

namespace {

constexpr Contestant::Facts kNone{};

}  // namespace

TEST_CASE("The median stands in the middle", "[bench]") {
  CHECK(median({}) == 0);
  CHECK(median({7}) == 7);
  CHECK(median({9, 1, 4}) == 4);
  CHECK(median({1, 100, 2, 4}) == 3);
}

TEST_CASE("A summary is the median over rounds, its spread the median deviation", "[bench]") {
  // 10, 12, 11, 30, 11 ns a packet; elapsed twice as much.
  std::vector<std::vector<Round>> rounds;
  for (const double ns : {10., 12., 11., 30., 11.}) rounds.push_back({Round{100, 100 * ns, 200 * ns}});
  const Result r = summarise("nat", {.flows = 1000}, rounds, kNone);
  CHECK(r.contestant == "nat");
  CHECK(r.flows == 1000);
  CHECK(r.ns_per_packet == Approx(11));
  CHECK(r.mad == Approx(1));
  CHECK(r.tsc_ns_per_packet == Approx(22));
  CHECK(r.mpps == Approx(1e3 / 11));
  CHECK_FALSE(r.connections_per_second);
  CHECK_FALSE(r.bytes_per_connection);
}

TEST_CASE("Workers' rates add up, their time a packet does not", "[bench]") {
  const std::vector<std::vector<Round>> rounds = {{Round{100, 1000, 1000}, Round{300, 6000, 6000}}};
  const Result r =
      summarise("connect", {.flows = 50, .workers = 2}, rounds,
                {.opens_connections = true, .connections_a_packet = 0.5, .bytes_per_connection = 79.0});
  CHECK(r.workers == 2);
  CHECK(r.ns_per_packet == Approx(17.5));  // 7000 ns for 400 packets
  CHECK(r.mpps == Approx(100 + 50));
  CHECK(r.connections_per_second.value() == Approx(75e6));
  CHECK(r.bytes_per_connection.value() == Approx(79));
}

TEST_CASE("JSON has what applies", "[bench]") {
  Result plain{"macswap", 1000, 1};
  plain.ns_per_packet = 5.5;
  Result shared{"connect", 1'000'000, 2};
  shared.affinity = false;
  shared.connections_per_second = 6e6;
  shared.bytes_per_connection = 79.5;
  shared.seconds_to_open = 1.5;
  shared.huge_pages = false;
  shared.forwarded = 0.5;
  const auto list = boost::json::parse(json({plain, shared})).as_array();
  REQUIRE(list.size() == 2);
  const auto& first = list[0].as_object();
  CHECK(first.at("contestant") == "macswap");
  CHECK(first.at("flows") == 1000);
  CHECK(first.at("workers") == 1);
  CHECK(first.at("ns_per_packet").as_double() == 5.5);
  CHECK_FALSE(first.contains("connections_per_second"));
  CHECK_FALSE(first.contains("bytes_per_connection"));
  CHECK_FALSE(first.contains("affinity"));  // of one worker: says nothing
  for (const char* key : {"seconds_to_open", "huge_pages", "forwarded"}) CHECK_FALSE(first.contains(key));
  const auto& second = list[1].as_object();
  CHECK(second.at("affinity") == false);
  CHECK(second.at("connections_per_second").as_double() == 6e6);
  CHECK(second.at("bytes_per_connection").as_double() == 79.5);
  CHECK(second.at("seconds_to_open").as_double() == 1.5);
  CHECK(second.at("huge_pages") == false);
  CHECK(second.at("forwarded").as_double() == 0.5);
}

TEST_CASE("The table has a line for each result", "[bench]") {
  Result r{"nat", 1000, 1};
  r.ns_per_packet = 12.34;
  const std::string text = table({r, r});
  CHECK(std::ranges::count(text, '\n') == 3);
  CHECK_THAT(text, Catch::Contains("12.3"));
}
