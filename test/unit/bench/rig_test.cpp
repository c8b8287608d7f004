#include "datapath/rig.h"

#include <catch2/catch.hpp>

#include "datapath/established.h"
#include "frames.h"

using namespace steelyard::bench;

TEST_CASE("Without enough huge pages a director is made on normal ones", "[bench]") {
  Rig rig({.connections = 1000, .huge_pages = true},
          buffers());  // whether there are any is not for a test to say
  CHECK(rig.open(100).size() == 100);
  CHECK_FALSE(Rig({.connections = 1000}, buffers()).on_huge_pages());
}

TEST_CASE("Made-up connections are right on two ports and on one", "[bench]") {
  Setting setting;
  setting.flows = 100;
  setting.one_port = GENERATE(false, true);
  const auto established = establish_made_up(setting, buffers());
  CHECK(established->flows() == 100);
  CHECK(established->packets(0) == 200);
  CHECK_NOTHROW(established->check(0));
}
