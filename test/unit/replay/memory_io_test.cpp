#include "replay/memory_io.h"

#include <array>

#include <catch2/catch.hpp>
#include <rte_config.h>
#include <rte_mbuf.h>

#include "replay/eal.h"

#if defined(__SANITIZE_ADDRESS__)
#define STEELYARD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STEELYARD_ASAN 1
#endif
#endif
#ifdef STEELYARD_ASAN
#include <sanitizer/asan_interface.h>
#endif

using namespace steelyard::replay;

namespace {

MemoryIo::Options small() {
  start_private_eal(64);
  return {.ports = 2, .frames = 8, .fragments = 8};
}

Bytes frame(std::size_t length, uint8_t fill) { return Bytes(length, fill); }

}  // namespace

TEST_CASE("frames come out as they went in, in order, with their port", "[replay]") {
  MemoryIo io(small());
  io.push(1, frame(60, 0xaa));
  io.push(0, frame(kLongestFrame, 0xbb));
  std::array<rte_mbuf*, 4> packets{};
  REQUIRE(io.receive(packets.data(), 4) == 2);
  CHECK(packets[0]->port == 1);
  CHECK(packets[1]->port == 0);
  CHECK(packets[1]->data_len == kLongestFrame);
  CHECK(io.in_flight() == 2);
  CHECK(io.send(0, packets.data(), 1) == 1);
  CHECK(io.to_kernel(packets[1]));
  CHECK(io.take_sent() == std::vector<Frame>{{0, frame(60, 0xaa)}});
  CHECK(io.take_kernel() == std::vector<Frame>{{0, frame(kLongestFrame, 0xbb)}});
  CHECK(io.in_flight() == 0);
}

TEST_CASE("a frame that the worker keeps is seen as a leak", "[replay]") {
  MemoryIo io(small());
  io.push(0, frame(60, 1));
  rte_mbuf* packet = nullptr;
  REQUIRE(io.receive(&packet, 1) == 1);
  CHECK(io.in_flight() == 1);
  io.free(&packet, 1);
  CHECK(io.in_flight() == 0);
}

TEST_CASE("a full transmit queue frees what it refuses, a full ring to the kernel does not", "[replay]") {
  MemoryIo io(small());
  io.push(0, frame(60, 1));
  io.push(0, frame(60, 2));
  std::array<rte_mbuf*, 2> packets{};
  REQUIRE(io.receive(packets.data(), 2) == 2);
  io.refuse_kernel(1);
  CHECK_FALSE(io.to_kernel(packets[0]));
  io.refuse_sends(1);
  CHECK(io.send(1, packets.data(), 2) == 1);
  CHECK(io.take_sent() == std::vector<Frame>{{1, frame(60, 1)}});
  CHECK(io.in_flight() == 0);
}

TEST_CASE("the pool has an end", "[replay]") {
  MemoryIo io(small());
  for (int i = 0; i < 8; ++i) io.push(0, frame(60, 1));
  CHECK_THROWS_AS(io.push(0, frame(60, 1)), std::length_error);
  CHECK(io.waiting() == 8);
}

#ifdef STEELYARD_ASAN
TEST_CASE("what lies behind a frame's end is poisoned until the frame is freed", "[replay]") {
  MemoryIo io(small());
  io.push(0, frame(61, 1));
  rte_mbuf* packet = nullptr;
  REQUIRE(io.receive(&packet, 1) == 1);
  const auto* data = rte_pktmbuf_mtod(packet, const uint8_t*);
  CHECK_FALSE(__asan_address_is_poisoned(data + 60));
  CHECK(__asan_address_is_poisoned(data + 61));
  CHECK_FALSE(__asan_address_is_poisoned(data - 64));  // room for tags and the headers of an answer
  io.free(&packet, 1);
  CHECK_FALSE(__asan_address_is_poisoned(data + 61));
}
#endif
