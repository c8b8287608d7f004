#include "capture/pcapng.h"

#include <catch2/catch.hpp>

#include "packets.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

std::string bytes(std::string_view hex) {
  const Bytes b = from_hex(hex);
  return {b.begin(), b.end()};
}

}  // namespace

TEST_CASE("a section tells byte order, version, what wrote it and what it is", "[capture]") {
  std::string out;
  capture::append_section(out, "sy 1", "about");
  CHECK(out == bytes("0a0d0d0a 34000000 4d3c2b1a 0100 0000 ffffffffffffffff"
                     "0100 0500 61626f75 74000000"
                     "0400 0400 73792031"
                     "00000000 34000000"));
}

TEST_CASE("an interface tells its port", "[capture]") {
  std::string out;
  capture::append_interface(out, {"in", "0000:3b:00.1", mac("02:00:00:00:00:50"), 128});
  CHECK(out == bytes("01000000 3c000000 0100 0000 80000000"
                     "0200 0200 696e0000"
                     "0300 0c00 303030303a33623a30302e31"
                     "0600 0600 020000000050 0000"
                     "00000000 3c000000"));
}

TEST_CASE("an interface without a MAC or a device says nothing of them", "[capture]") {
  std::string out;
  capture::append_interface(out, {"port", "", {}, 65535});
  CHECK(out == bytes("01000000 20000000 0100 0000 ffff0000 0200 0400 706f7274 00000000 20000000"));
}

TEST_CASE("a packet tells interface, time, length, direction, what is missing and why it was dropped",
          "[capture]") {
  std::string out = "x";
  const Bytes frame = from_hex("0102030405");
  capture::append_packet(out, {.interface = 1,
                               .us = 0x0005'e1f2'a3b4'c5d6,
                               .wire_length = 1514,
                               .way = capture::Way::out,
                               .lost = 7,
                               .comment = "no",
                               .bytes = frame});
  CHECK(out == "x" + bytes("06000000 48000000 01000000 f2e10500 d6c5b4a3 05000000 ea050000"
                           "0102030405 000000"
                           "0200 0400 02000000"
                           "0400 0800 0700000000000000"
                           "0100 0200 6e6f 0000"
                           "00000000 48000000"));
}

TEST_CASE("a received packet with nothing to say of it", "[capture]") {
  std::string out;
  const Bytes frame = from_hex("01020304");
  capture::append_packet(out, {.us = 1, .wire_length = 4, .comment = "", .bytes = frame});
  CHECK(out == bytes("06000000 30000000 00000000 00000000 01000000 04000000 04000000 01020304"
                     "0200 0400 01000000 00000000 30000000"));
}
