#include "control/held_frames.h"

#include <catch2/catch.hpp>

using namespace steelyard;
using namespace std::chrono_literals;
using control::HeldFrames;

namespace {

struct RecordingWires final : control::Wires {
  std::size_t drain(std::size_t, const TakeFrame&, const TakeHeld&) override { return 0; }
  bool send(uint8_t port, std::span<const uint8_t> frame) override {
    sent.push_back({port, {frame.begin(), frame.end()}});
    return !full;
  }
  bool link_up(uint8_t) const override { return true; }
  std::vector<std::pair<uint8_t, std::vector<uint8_t>>> sent;
  bool full = false;
};

const Ipv4 kServer = *parse_ipv4("10.0.0.11");
const Mac kServerMac = *parse_mac("02:00:00:00:00:0b"), kPortMac = *parse_mac("02:00:00:00:00:01");

Snapshot snapshot(bool known, uint16_t mtu = 1500) {
  Snapshot s;
  const std::vector<Route> routes{{{*parse_ipv4("10.0.0.0"), 24}, {1, 20}, {}}};
  std::vector<Neighbour> neighbours;
  s.next_hops.resize(2);
  if (known) {
    neighbours.push_back({{1, 20}, kServer, 1});
    s.next_hops[1] = {kServerMac, kPortMac, swap16(20), mtu, 1, true};
  }
  s.routes = Routes(routes, neighbours);
  return s;
}

// A frame with a tag of its own, which it must lose.
std::vector<uint8_t> frame(uint8_t last) {
  std::vector<uint8_t> f(14 + 4, 0xee);
  f[12] = 0x81, f[13] = 0x00, f[14] = 0, f[15] = 7, f[16] = 0x08, f[17] = 0x00;
  f.resize(f.size() + 99, 0x45);
  f.push_back(last);
  return f;
}

}  // namespace

TEST_CASE("frames wait for their next hop and then leave in their order, addressed to it", "[control]") {
  HeldFrames held;
  RecordingWires wires;
  CHECK(held.hold(kServer, frame(1), 0ms));
  CHECK(held.hold(kServer, frame(2), 1ms));
  CHECK(held.retry(snapshot(false), wires, 10ms) == 0);
  CHECK(wires.sent.empty());
  CHECK(held.retry(snapshot(true), wires, 20ms) == 0);
  REQUIRE(wires.sent.size() == 2);
  CHECK(held.size() == 0);
  const auto& [port, sent] = wires.sent[0];
  CHECK(port == 1);
  REQUIRE(sent.size() == 14 + 4 + 100);
  CHECK(std::equal(sent.begin(), sent.begin() + 6, kServerMac.bytes.begin()));
  CHECK(std::equal(sent.begin() + 6, sent.begin() + 12, kPortMac.bytes.begin()));
  CHECK(std::vector<uint8_t>(sent.begin() + 12, sent.begin() + 19) ==
        std::vector<uint8_t>{0x81, 0x00, 0x00, 20, 0x08, 0x00, 0x45});
  CHECK(sent.back() == 1);
  CHECK(wires.sent[1].second.back() == 2);
}

TEST_CASE("what waits in vain, is too large or finds no room is given up and counted", "[control]") {
  HeldFrames held;
  RecordingWires wires;
  CHECK(held.hold(kServer, frame(1), 0ms));
  CHECK(held.retry(snapshot(false), wires, HeldFrames::kPatience - 1ms) == 0);
  CHECK(held.retry(snapshot(false), wires, HeldFrames::kPatience) == 1);
  CHECK(held.hold(kServer, frame(1), 0ms));
  CHECK(held.retry(snapshot(true, 99), wires, 1ms) == 1);
  CHECK(wires.sent.empty());
  CHECK(held.hold(kServer, frame(1), 0ms));
  wires.full = true;
  CHECK(held.retry(snapshot(true), wires, 1ms) == 1);
  for (std::size_t i = 0; i < HeldFrames::kMost; ++i) CHECK(held.hold(kServer, frame(1), 0ms));
  CHECK_FALSE(held.hold(kServer, frame(1), 0ms));
}
