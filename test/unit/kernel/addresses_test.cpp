#include "kernel/addresses.h"

#include <array>

#include <catch2/catch.hpp>

#include "kernel/sysctl.h"

using namespace steelyard;
using namespace steelyard::kernel;

TEST_CASE("a gratuitous ARP is a padded broadcast request with the address on both sides", "[kernel]") {
  const Mac mac{{2, 0x11, 0x22, 0x33, 0x44, 0x55}};
  std::vector<uint8_t> want{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,   0x11, 0x22, 0x33,
                            0x44, 0x55, 8,    6,                                       // Ethernet
                            0,    1,    8,    0,    6,    4,    0,   1,                // request
                            2,    0x11, 0x22, 0x33, 0x44, 0x55, 203, 0,    113,  10,   // sender
                            0,    0,    0,    0,    0,    0,    203, 0,    113,  10};  // target
  want.resize(60);
  CHECK(gratuitous_arp(mac, *parse_ipv4("203.0.113.10")) == want);

  const std::array<uint8_t, 4> tag{0x81, 0, 0, 20};
  want.insert(want.begin() + 12, tag.begin(), tag.end());
  CHECK(gratuitous_arp(mac, *parse_ipv4("203.0.113.10"), 20) == want);
}

TEST_CASE("a virtual address goes to the longest subnet that holds it, else to the first port", "[kernel]") {
  const std::vector<InterfaceAddress> configured{{3, *parse_ipv4("198.51.100.2"), 24},
                                                 {4, *parse_ipv4("10.0.0.1"), 8},
                                                 {5, *parse_ipv4("10.0.7.1"), 24}};
  const auto home = [&](const char* a) { return interface_for(*parse_ipv4(a), configured, 3); };
  CHECK(home("198.51.100.77") == 3);
  CHECK(home("10.1.1.1") == 4);
  CHECK(home("10.0.7.9") == 5);
  CHECK(home("203.0.113.10") == 3);
}

TEST_CASE("a full neighbour table is reported with the limit to raise", "[kernel]") {
  CHECK_THAT(no_room_warning(2048), Catch::Contains("is 2048") && Catch::Contains("gc_thresh3=8192"));
  CHECK_THAT(no_room_warning(std::nullopt), Catch::Contains("not to be seen here"));
}
