#include "base/types.h"

#include <catch2/catch.hpp>

#include "base/grace.h"
#include "base/time.h"

using namespace steelyard;

TEST_CASE("addresses are parsed strictly and printed as they were written", "[base]") {
  for (const char* text : {"0.0.0.0", "10.0.0.1", "255.255.255.255"})
    CHECK(to_string(*parse_ipv4(text)) == text);
  for (const char* text :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "-1.2.3.4", "1..2.3"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ipv4(text));
  }
  CHECK(to_string(*parse_mac("02:00:00:0a:ff:01")) == "02:00:00:0a:ff:01");
  for (const char* text : {"", "02:00:00:0a:ff", "02:00:00:0a:ff:0g", "02-00-00-0a-ff-01", "2:0:0:a:f:1"})
    CHECK_FALSE(parse_mac(text));
  CHECK(Endpoint{*parse_ipv4("10.0.0.2"), Port::from_host(1)} >
        Endpoint{*parse_ipv4("10.0.0.1"), Port::from_host(2)});
}

TEST_CASE("timeouts round up to ticks and elapsed time survives the wrap", "[base]") {
  using namespace std::chrono_literals;
  CHECK(to_ticks(1s) == 4);
  CHECK(to_ticks(251ms) == 2);
  CHECK(elapsed(2, 0xffffffff) == 3);
}

TEST_CASE("a grace period passes once every online thread has been quiescent", "[base]") {
  GracePeriods grace(2);
  grace.register_thread(0);
  grace.register_thread(1);
  CHECK(grace.passed(grace.start()));  // nobody online
  grace.online(0);
  grace.online(1);
  const auto token = grace.start();
  grace.quiescent(0);
  CHECK_FALSE(grace.passed(token));
  grace.offline(1);
  CHECK(grace.passed(token));
}
