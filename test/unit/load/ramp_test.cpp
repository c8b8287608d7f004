#include "load/ramp.h"

#include <vector>

#include <catch2/catch.hpp>

using namespace steelyard::load;

TEST_CASE("A ramp asks for as many connections as the study's table says", "[load]") {
  CHECK(Ramp(8, 1).total() == 36);
  CHECK(Ramp(16, 30).total() == 4080);
  CHECK(Ramp(32, 10).total() == 5280);
  CHECK(Ramp(64, 5).total() == 10400);
  CHECK(Ramp(64, 30).total() == 62400);
  CHECK(Ramp(60000, 1000000).total() == uint64_t{1800030000} * 1000000);
}

TEST_CASE("A ramp steps from one user to all of them in each iteration", "[load]") {
  Ramp ramp(3, 2);
  std::vector<std::pair<uint32_t, uint32_t>> steps;
  while (const auto step = ramp.next()) steps.emplace_back(step->iteration, step->users);
  CHECK(steps == std::vector<std::pair<uint32_t, uint32_t>>{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}, {2, 3}});
  CHECK_FALSE(ramp.next());
}

TEST_CASE("The steps of a ramp add up to its total", "[load]") {
  Ramp ramp(64, 30);
  uint64_t sum = 0;
  while (const auto step = ramp.next()) sum += step->users;
  CHECK(sum == Ramp(64, 30).total());
}
