#include "net/checksum.h"

#include <random>

#include <catch2/catch.hpp>

#include "packets.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

uint16_t load(const Bytes& bytes, std::size_t at) {
  uint16_t v;
  std::memcpy(&v, bytes.data() + at, 2);
  return v;
}
void store(Bytes& bytes, std::size_t at, const void* v, std::size_t n) { std::memcpy(&bytes[at], v, n); }

// Mostly anything, often the corners.
uint32_t corner(std::mt19937& random) {
  static constexpr uint32_t kCorners[] = {0, 0xffffffff, 0xffff, 0xffff0000, 0x01000000, 0x00010001};
  return random() % 4 == 0 ? kCorners[random() % 6] : static_cast<uint32_t>(random());
}

Endpoint random_endpoint(std::mt19937& random) {
  return {{corner(random)}, {static_cast<uint16_t>(corner(random))}};
}

constexpr std::size_t kIp = 14, kL4 = kIp + 20;

// Rewrites the destination as a director does, updating both checksums by deltas.
void rewrite_destination(Bytes& frame, Endpoint to, uint16_t ip, uint16_t l4, bool is_udp) {
  const std::size_t place = kL4 + (is_udp ? 6 : 16);
  const uint16_t ip_sum = apply(load(frame, kIp + 10), combine(ip, kTtlDelta));
  const uint16_t sum = is_udp ? apply_udp(load(frame, place), l4) : apply(load(frame, place), l4);
  --frame[kIp + 8];
  store(frame, kIp + 10, &ip_sum, 2);
  store(frame, place, &sum, 2);
  store(frame, kIp + 16, &to.address.be, 4);
  store(frame, kL4 + 2, &to.port.be, 2);
}

Frame random_frame(std::mt19937& random, bool is_udp, Endpoint from, Endpoint to) {
  Bytes data(random() % 33);
  for (uint8_t& b : data) b = static_cast<uint8_t>(random() % 3 == 0 ? 0 : random());
  const Frame frame = is_udp ? udp(from, to) : tcp(from, to, kAck);
  return frame.payload(data)
      .id(static_cast<uint16_t>(random()))
      .ttl(static_cast<uint8_t>(2 + random() % 254));
}

}  // namespace

TEST_CASE("sums are those of RFC 1071", "[net][checksum]") {
  // Section 3: the bytes 00 01 f2 03 f4 f5 f6 f7 add up to ddf2.
  const Bytes bytes = from_hex("0001f203f4f5f6f7");
  CHECK(fold(sum_words(bytes.data(), bytes.size())) == swap16(0xddf2));
  CHECK(internet_checksum(bytes.data(), bytes.size()) == swap16(0x220d));
  const Bytes odd = from_hex("0001f203f4");
  CHECK(fold(sum_words(odd.data(), odd.size())) == swap16(0xe605));
  CHECK(fold(sum_words(odd.data(), 0)) == 0);
  CHECK(fold(~uint64_t{0}) == 0xffff);
  CHECK(fold(0x1'0000'0000) == 1);
}

TEST_CASE("the example of RFC 1624 comes out right", "[net][checksum]") {
  // Section 4: a word 5555 becomes 3285 under the checksum dd2f; equation 3 gives 0000, not ffff.
  CHECK(apply(swap16(0xdd2f), word_delta(swap16(0x5555), swap16(0x3285))) == 0);
}

TEST_CASE("incremental updates equal a full recompute", "[net][checksum]") {
  std::mt19937 random(1);
  for (int i = 0; i < 60000; ++i) {
    const bool is_udp = random() % 2 == 0;
    const Endpoint from = random_endpoint(random), to = random_endpoint(random),
                   real = random_endpoint(random);
    Bytes frame = random_frame(random, is_udp, from, to);
    rewrite_destination(frame, real, ip_delta(to.address, real.address), checksum_delta(to, real), is_udp);
    Bytes want = frame;
    fix_checksums(want);
    if (frame != want) FAIL(i << ": " << hexdump(frame) << "\nrecomputed:\n" << hexdump(want));
  }
}

TEST_CASE("the opposite of a delta is the way back", "[net][checksum]") {
  std::mt19937 random(2);
  for (int i = 0; i < 30000; ++i) {
    const Endpoint a = random_endpoint(random), b = random_endpoint(random), client = random_endpoint(random);
    const Bytes before = udp(client, a, "x");
    Bytes there = udp(client, b, "x").ttl(63);
    const uint16_t ip = opposite(ip_delta(b.address, a.address)), l4 = opposite(checksum_delta(b, a));
    Bytes frame = before;
    rewrite_destination(frame, b, ip, l4, true);
    if (frame != there) FAIL(i << ": " << hexdump(frame) << "\nwanted:\n" << hexdump(there));
  }
}

TEST_CASE("a wrong checksum stays wrong by as much", "[net][checksum]") {
  const Endpoint client = ep("192.0.2.1", 5), vip = ep("203.0.113.1", 80), real = ep("10.0.0.1", 8080);
  Bytes frame = tcp(client, vip, kSyn).bad_checksum().ttl(64);
  rewrite_destination(frame, real, ip_delta(vip.address, real.address), checksum_delta(vip, real), false);
  CHECK(checksums(frame).ip);
  CHECK_FALSE(checksums(frame).transport);
  const Endpoint back = vip;
  rewrite_destination(frame, back, ip_delta(real.address, vip.address), checksum_delta(real, vip), false);
  CHECK(hexdump(frame) == hexdump(tcp(client, vip, kSyn).bad_checksum().ttl(62)));
}

TEST_CASE("a header without options is checked as any other bytes are", "[net][checksum]") {
  std::mt19937 random(20);
  unsigned right = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes header(20);
    for (std::size_t at = 0; at < 20; at += 4) {
      const uint32_t word = corner(random);
      store(header, at, &word, 4);
    }
    if (i % 2 == 0) {
      header[10] = header[11] = 0;
      const uint16_t checksum = internet_checksum(header.data(), 20);
      store(header, 10, &checksum, 2);
    }
    right += ipv4_checksum_ok(header.data());
    REQUIRE(ipv4_checksum_ok(header.data()) == checksum_ok(header.data(), 20));
  }
  CHECK(right >= 9000);
  CHECK(right < 20000);
}

TEST_CASE("two changes are applied as their combination is", "[net][checksum]") {
  std::mt19937 random(21);
  for (int i = 0; i < 20000; ++i) {
    const auto checksum = static_cast<uint16_t>(corner(random)), a = static_cast<uint16_t>(corner(random)),
               b = static_cast<uint16_t>(corner(random));
    REQUIRE(apply(checksum, a, b) == apply(checksum, combine(a, b)));
  }
}

TEST_CASE("UDP without a checksum stays without, and a computed zero is sent as ffff", "[net][checksum]") {
  for (uint32_t v = 0; v <= 0xffff; ++v) {
    const auto word = static_cast<uint16_t>(v);
    if (apply_udp(0, word) != 0 || apply_udp(0xffff, word) == 0 || apply_udp(word, 0xffff) != word) FAIL(v);
  }
  CHECK(apply(swap16(0xdd2f), word_delta(swap16(0x5555), swap16(0x3285))) == 0);
  CHECK(apply_udp(swap16(0xdd2f), word_delta(swap16(0x5555), swap16(0x3285))) == 0xffff);
}
