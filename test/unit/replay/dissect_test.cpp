#include "replay/dissect.h"

#include <random>

#include <catch2/catch.hpp>

#include "replay/memory_io.h"
#include "replay/verify.h"

using namespace steelyard;
using namespace steelyard::replay;

namespace {

// 192.0.2.1:1000 > 203.0.113.10:53, "hi", right checksums.
Bytes udp_frame() {
  Bytes f(14 + 20 + 8 + 2);
  put16(f, 12, 0x0800);
  f[14] = 0x45, f[22] = 64, f[23] = 17;
  put16(f, 16, 30);
  put_address(f, 26, *parse_ipv4("192.0.2.1"));
  put_address(f, 30, *parse_ipv4("203.0.113.10"));
  put16(f, 24, static_cast<uint16_t>(~sum16(std::span(f).subspan(14, 20))));
  put16(f, 34, 1000), put16(f, 36, 53), put16(f, 38, 10);
  f[42] = 'h', f[43] = 'i';
  const uint32_t pseudo = uint32_t{sum16(std::span(f).subspan(26, 8))} + 17 + 10;
  put16(f, 40, static_cast<uint16_t>(~sum16(std::span(f).subspan(34), pseudo)));
  return f;
}

}  // namespace

TEST_CASE("a flow's endpoints are read through up to two VLAN tags", "[replay]") {
  Bytes frame = udp_frame();
  for (int tags = 0; tags <= 3; ++tags) {
    const auto ip = view_ip(frame);
    REQUIRE(ip.has_value() == (tags < 3));
    if (ip) {
      const auto flow = view_flow(frame, *ip);
      REQUIRE(flow);
      CHECK(to_string(flow->source) == "192.0.2.1:1000");
      CHECK(to_string(flow->destination) == "203.0.113.10:53");
    }
    const Bytes tag{0x81, 0x00, 0x00, 0x14};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  }
}

TEST_CASE("a packet that is cut, damaged or for a group is none", "[replay]") {
  const Bytes whole = udp_frame();
  for (std::size_t length = 0; length < whole.size(); ++length)
    CHECK_FALSE(view_ip(std::span(whole).first(length)));
  Bytes damaged = whole;
  damaged[22] = 63;
  CHECK_FALSE(view_ip(damaged));
  Bytes group = whole;
  group[0] = 1;
  CHECK_FALSE(view_ip(group));
}

TEST_CASE("an adjusted checksum is the recomputed one, whatever changed", "[replay]") {
  std::mt19937 random(7);
  for (int i = 0; i < 10000; ++i) {
    Bytes words(6 + random() % 9);
    for (uint8_t& b : words) b = static_cast<uint8_t>(random() % 4 == 0 ? 0xff : random() % 2 * random());
    const uint16_t before = sum16(words);
    const auto checksum = static_cast<uint16_t>(~before);
    words[random() % words.size()] = static_cast<uint8_t>(random());
    const uint16_t after = sum16(words);
    const uint16_t got = adjust(checksum, before, after);
    CHECK((sum16(words, got) == 0xffff || (after == 0 && got == 0)));
  }
}

TEST_CASE("a wrong checksum is seen, an absent one is right", "[replay]") {
  Bytes frame = udp_frame();
  CHECK(checksums_right(frame));
  frame[43] ^= 1;
  CHECK_FALSE(checksums_right(frame));
  put16(frame, 40, 0);
  CHECK(checksums_right(frame));
}

TEST_CASE("a wrong checksum of the IPv4 header is seen, whatever the packet holds", "[replay]") {
  const uint8_t protocol = GENERATE(uint8_t{17}, uint8_t{1}, uint8_t{47});
  const uint8_t fragment = GENERATE(uint8_t{0}, uint8_t{0x20});
  const uint8_t mac = GENERATE(uint8_t{0}, uint8_t{0xff});
  Bytes frame = udp_frame();
  frame[0] = mac, frame[20] = fragment, frame[23] = protocol;
  put16(frame, 24, 0);
  put16(frame, 24, static_cast<uint16_t>(~sum16(std::span(frame).subspan(14, 20))));
  put16(frame, 40, 0);  // UDP: none
  CHECK(view_any_ip(frame));
  frame[24] ^= 1;
  CHECK_FALSE(checksums_right(frame));
}

TEST_CASE("a frame that is no IPv4 packet has no wrong checksum", "[replay]") {
  Bytes frame = udp_frame();
  frame[13] = 6;  // ARP
  CHECK(checksums_right(frame));
}
