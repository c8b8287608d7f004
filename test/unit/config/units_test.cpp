#include "config/units.h"

#include <catch2/catch.hpp>

using namespace steelyard::config;
using namespace std::chrono_literals;

TEST_CASE("times are whole numbers with a unit", "[config]") {
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("5s") == 5s);
  CHECK(parse_duration("2m") == 2min);
  CHECK(parse_duration("1h") == 1h);
  CHECK(parse_duration("0s") == 0ms);
  for (const char* text :
       {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "1.5s", "5S", "5d", "5sec", "0x5s", "1m30s",
        "99999999999999999999s", "9007199254740993ms", "18446744073709551615h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("counts are whole numbers with a decimal multiple", "[config]") {
  CHECK(parse_count("0") == 0);
  CHECK(parse_count("65534") == 65534);
  CHECK(parse_count("500k") == 500'000);
  CHECK(parse_count("10M") == 10'000'000);
  CHECK(parse_count("1G") == 1'000'000'000);
  CHECK(parse_count("18446744073709551615") == 18446744073709551615u);
  for (const char* text : {"", "k", "-1", "+1", "1 k", "1K", "10m", "1.5M", "1e6", "1kk",
                           "18446744073709551616", "18446744073709551615k", "1_000"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_count(text));
  }
}

TEST_CASE("times and counts are printed in the largest unit that divides them", "[config]") {
  CHECK(format_duration(0ms) == "0ms");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(120s) == "2m");
  CHECK(format_duration(720h) == "720h");
  CHECK(format_count(0) == "0");
  CHECK(format_count(65534) == "65534");
  CHECK(format_count(1'500'000) == "1500k");
  CHECK(format_count(10'000'000) == "10M");
}
