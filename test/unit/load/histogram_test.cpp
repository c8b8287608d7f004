#include "load/histogram.h"

#include <cstdint>
#include <limits>

#include <catch2/catch.hpp>

using steelyard::load::Histogram;

TEST_CASE("An empty histogram has no percentiles", "[load]") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.percentile(50) == 0);
  CHECK(histogram.max() == 0);
}

TEST_CASE("Small values are kept exactly", "[load]") {
  Histogram histogram;
  for (uint64_t v = 1; v <= 100; ++v) histogram.record(v);
  CHECK(histogram.percentile(0) == 1);
  CHECK(histogram.percentile(1) == 1);
  CHECK(histogram.percentile(50) == 50);
  CHECK(histogram.percentile(99) == 99);
  CHECK(histogram.percentile(100) == 100);
  CHECK(histogram.max() == 100);
}

TEST_CASE("A percentile is never below the value and at most 1/64 above it", "[load]") {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, (uint64_t{1} << shift) / 3}) {
      const uint64_t value = (uint64_t{1} << shift) + offset;
      Histogram histogram;
      histogram.record(value);
      histogram.record(std::numeric_limits<uint64_t>::max());
      const uint64_t seen = histogram.percentile(50);
      CAPTURE(value, seen);
      CHECK(seen >= value);
      CHECK(seen - value <= value / 64);
    }
  }
}

TEST_CASE("A rare slow value shows at the percentile it belongs to", "[load]") {
  Histogram histogram;
  for (int i = 0; i < 989; ++i) histogram.record(10);
  for (int i = 0; i < 11; ++i) histogram.record(5000000);
  CHECK(histogram.percentile(98.9) == 10);
  CHECK(histogram.percentile(99) == 5000000);
  CHECK(histogram.count() == 1000);
}
