#include "datapath/latency.h"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "frames.h"

using namespace steelyard::bench;

TEST_CASE("Every batch is in the histogram or set aside, of both contestants", "[bench]") {
  std::vector<double> told;
  const auto list =
      measure_latency({.flows = 1000}, buffers(), 3000, [&](double share) { told.push_back(share); });
  REQUIRE(list.size() == 2);
  CHECK(list[0].contestant == "macswap");
  CHECK(list[1].contestant == "churn");
  for (const Latency& l : list) {
    CHECK(l.batches + l.set_aside == 3000);
    CHECK(l.flows == 992);  // whole rounds of the servers
    CHECK(l.p50_ns <= l.p99_ns);
    CHECK(l.p99_ns <= l.p999_ns);
    CHECK(l.p999_ns <= l.max_ns);
    CHECK(l.snapshots > 0);
  }
  CHECK(told == std::vector<double>{0});
}

TEST_CASE("Latencies are rows of a table and objects in JSON", "[bench]") {
  Latency l{"churn", 1000, 5000, 3};
  l.p99_ns = 1500, l.max_ns = 2500;
  CHECK_THAT(table({l}), Catch::Contains("1.50") && Catch::Contains("2.50"));
  const auto list = boost::json::parse(json(std::vector{l})).as_array();
  const auto& o = list.at(0).as_object();
  CHECK(o.at("contestant") == "churn");
  CHECK(o.at("batches") == 5000);
  CHECK(o.at("set_aside") == 3);
  CHECK(o.at("p99_ns").as_double() == 1500);
  CHECK(o.at("max_ns").as_double() == 2500);
}
