#include "hostile.h"

#include <set>

#include <catch2/catch.hpp>

#include "net/answer.h"
#include "net/headers.h"
#include "net/parse.h"
#include "test_eal.h"

using namespace steelyard;
using namespace steelyard::test;

namespace {

Targets targets() {
  return {ep("192.0.2.1", 20000),
          ep("203.0.113.10", 80),
          {ep("10.0.0.11", 8080)},
          {{2, 0, 0, 0, 0, 1}},
          {{2, 0, 0, 0, 0, 2}}};
}

const std::vector<HostileFrame>& all_frames() {
  static const std::vector<HostileFrame> frames = hostile(targets(), 1);
  return frames;
}

// What must hold of every parsed packet, whatever the frame.
bool consistent(const Packet& p, std::size_t size) {
  if (p.verdict == Verdict::drop)
    return p.reason == DropReason::truncated || p.reason == DropReason::bad_ip_header ||
           p.reason == DropReason::bad_ip_checksum;
  if (p.kind == PacketKind::other) return p.ip == nullptr;
  const std::size_t needed = p.kind == PacketKind::flow ? (p.ip_protocol == 6 ? 20 : 8) : 0;
  return p.ip != nullptr && p.ip_header >= 20 && p.ip_length >= p.ip_header + needed &&
         std::size_t{p.l2_length} + p.ip_length <= size;
}

Packet parsed(HeapMbuf& mbuf) {
  Packet p;
  p.mbuf = mbuf.get();
  parse_packet(p);
  return p;
}

}  // namespace

TEST_CASE("hostile frames are the same for the same seed only", "[net][hostile]") {
  const auto same = [](const HostileFrame& a, const HostileFrame& b) {
    return a.bytes == b.bytes && a.from_server == b.from_server;
  };
  const auto again = hostile(targets(), 1), others = hostile(targets(), 2);
  CHECK(std::equal(again.begin(), again.end(), all_frames().begin(), all_frames().end(), same));
  CHECK_FALSE(std::equal(others.begin(), others.end(), all_frames().begin(), all_frames().end(), same));
}

TEST_CASE("well-formed frames are well-formed", "[net][hostile]") {
  std::set<PacketKind> kinds;
  for (const HostileFrame& f : well_formed(targets())) {
    HeapMbuf mbuf(f.bytes);
    const Packet p = parsed(mbuf);
    CAPTURE(hexdump(f.bytes));
    CHECK(p.verdict == Verdict::pending);
    CHECK(checksums_ok(f.bytes));
    kinds.insert(p.kind);
  }
  CHECK(kinds.size() == 5);
}

TEST_CASE("hostile frames reach every outcome of parsing, and none is read past its end", "[net][hostile]") {
  std::set<DropReason> reasons;
  std::set<PacketKind> kinds;
  for (const HostileFrame& f : all_frames()) {
    HeapMbuf mbuf(f.bytes);
    const Packet p = parsed(mbuf);
    if (!consistent(p, f.bytes.size())) FAIL(hexdump(f.bytes));
    if (p.kind == PacketKind::icmp_error) static_cast<void>(icmp_checksum_ok(p));
    (p.verdict == Verdict::drop ? void(reasons.insert(p.reason)) : void(kinds.insert(p.kind)));
  }
  CHECK(kinds.size() == 5);
  CHECK(reasons.size() == 3);
}

TEST_CASE("hostile frames are answered with right frames or not at all", "[net][hostile]") {
  const auto unreachable = [](Packet& p) { return answer_port_unreachable(p, ip("203.0.113.10")); };
  const auto too_big = [](Packet& p) { return answer_fragmentation_needed(p, ip("10.0.0.1"), 600); };
  std::size_t answers = 0;
  const auto try_answer = [&](const Bytes& frame, auto answer) {
    HeapMbuf mbuf(frame, 28);
    Packet p = parsed(mbuf);
    if (p.verdict == Verdict::drop || !answer(p)) return;
    ++answers;
    const Bytes out = to_bytes(*mbuf.get());
    if (!checksums_ok(out) || out.size() != std::size_t{p.l2_length} + p.ip_length || p.ip_length > 576)
      FAIL(hexdump(frame) << "\nanswered\n" << hexdump(out));
  };
  for (const HostileFrame& f : all_frames()) {
    try_answer(f.bytes, answer_reset);
    try_answer(f.bytes, unreachable);
    try_answer(f.bytes, too_big);
  }
  CHECK(answers > 10000);
}
