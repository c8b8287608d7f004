#include "capture/ring.h"

#include <cstring>
#include <random>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "capture/capture.h"

using namespace steelyard;
using capture::Record;
using capture::Ring;

namespace {

bool put(Ring& ring, const std::string& text) {
  Record* r = ring.append(static_cast<uint32_t>(text.size()));
  if (r == nullptr) return false;
  std::memcpy(r->bytes(), text.data(), text.size());
  return true;
}

std::string take(Ring& ring) {
  const Record* r = ring.front();
  if (r == nullptr) return "nothing";
  std::string text(reinterpret_cast<const char*>(r->bytes()), r->captured);
  ring.pop();
  return text;
}

std::string numbered(unsigned i) { return std::string(i * 37 % 301, static_cast<char>('a' + i % 26)); }

}  // namespace

TEST_CASE("records come out once they are published, in their order", "[capture]") {
  Ring ring(4096);
  CHECK(take(ring) == "nothing");
  put(ring, "one");
  put(ring, "");
  CHECK(take(ring) == "nothing");
  ring.publish();
  put(ring, "three");
  CHECK(take(ring) == "one");
  CHECK(take(ring) == "");
  CHECK(take(ring) == "nothing");
  ring.publish();
  CHECK(take(ring) == "three");
}

TEST_CASE("records of any length go round and round", "[capture]") {
  Ring ring(1024);
  for (unsigned i = 0; i < 10'000; i += 2) {
    REQUIRE(put(ring, numbered(i)));
    REQUIRE(put(ring, numbered(i + 1)));
    ring.publish();
    REQUIRE(take(ring) == numbered(i));
    REQUIRE(take(ring) == numbered(i + 1));
  }
  CHECK(ring.lost() == 0);
}

TEST_CASE("what finds no room is counted, and nothing else is lost", "[capture]") {
  Ring ring(1024);
  const std::string text(100, 'x');
  unsigned taken = 0;
  for (unsigned i = 0; i < 100; ++i) taken += put(ring, text);
  CHECK(taken == 1024 / 120);  // 20 bytes of header
  CHECK(ring.lost() == 100 - taken);
  ring.publish();
  for (unsigned i = 0; i < taken; ++i) CHECK(take(ring) == text);
  CHECK(take(ring) == "nothing");
  CHECK(put(ring, text));
}

TEST_CASE("the last records can be taken back, also behind the end of the ring", "[capture]") {
  Ring ring(1024);
  for (unsigned i = 0; i < 200; ++i) {
    REQUIRE(put(ring, numbered(i)));
    const uint64_t end = ring.end();
    put(ring, "not wanted");
    put(ring, std::string(250, 'n'));
    ring.rewind(end);
    REQUIRE(put(ring, "wanted"));
    ring.publish();
    REQUIRE(take(ring) == numbered(i));
    REQUIRE(take(ring) == "wanted");
    REQUIRE(take(ring) == "nothing");
  }
}

TEST_CASE("a producer and a consumer on two threads", "[capture]") {
  constexpr unsigned kRecords = 200'000;
  Ring ring(16384);
  std::thread producer([&ring] {
    for (unsigned i = 0; i < kRecords;) {
      if (put(ring, numbered(i)))
        ++i;
      else
        std::this_thread::yield();
      ring.publish();
    }
  });
  unsigned wrong = 0;
  for (unsigned i = 0; i < kRecords;) {
    if (ring.front() == nullptr) {
      std::this_thread::yield();
      continue;
    }
    wrong += take(ring) != numbered(i++);
  }
  producer.join();
  CHECK(wrong == 0);
}

TEST_CASE("the oldest packet of several rings comes first, also across the wrap of the clock", "[capture]") {
  capture::Capture capture({}, 3, 4096);
  const uint32_t first = ~uint32_t{0} - 3;
  for (const auto& [ring, age] : {std::pair{2u, 0u}, {0u, 1u}, {2u, 3u}, {1u, 5u}, {0u, 9u}}) {
    Record* r = capture.ring(ring).append(0);
    REQUIRE(r != nullptr);
    r->us = first + age;
    capture.ring(ring).publish();
  }
  std::vector<uint32_t> ages;
  std::size_t ring = 0;
  while (const Record* r = capture.front(ring)) {
    ages.push_back(r->us - first);
    capture.pop(ring);
  }
  CHECK(ages == std::vector<uint32_t>{0, 1, 3, 5, 9});
}
