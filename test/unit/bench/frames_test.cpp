#include "datapath/frames.h"

#include <catch2/catch.hpp>

#include "packets.h"

using namespace steelyard;
using namespace steelyard::bench;
using test::ep;

namespace {

std::vector<uint8_t> written(const FrameStore& store, const FrameSpec& spec) {
  std::vector<uint8_t> bytes(2048, 0xee);
  bytes.resize(store.write(spec, bytes.data()));
  return bytes;
}

const Endpoint kClient = ep("192.0.2.7", 40000), kOther = ep("192.0.2.8", 40001),
               kServer = ep("198.51.100.80", 80);

}  // namespace

TEST_CASE("A frame is written as it was kept", "[bench]") {
  FrameStore store;
  store.add(test::udp(kClient, kServer, "first").bytes());
  const test::Bytes arp = test::arp_request(kClient.address, kServer.address);
  const uint32_t second = store.add(arp);
  const FrameSpec spec = store.spec(second, arp, 1);
  CHECK(spec.frame == second);
  CHECK(spec.port == 1);
  CHECK(written(store, spec) == arp);
}

TEST_CASE("Another copy of a flow's packet takes no memory", "[bench]") {
  const bool tcp = GENERATE(true, false);
  const auto make = [tcp](Endpoint from) {
    const auto frame = tcp ? test::tcp(from, kServer, "payload") : test::udp(from, kServer, "payload");
    return frame.vlan(20).bytes();
  };
  FrameStore store;
  const uint32_t frame = store.add(make(kClient));
  const std::size_t memory = store.memory_bytes();
  const FrameSpec spec = store.spec(frame, make(kOther), 0);
  CHECK(spec.readdressed);
  CHECK(spec.source == kOther.address);
  CHECK(written(store, spec) == make(kOther));
  CHECK(written(store, store.spec(frame, make(kClient), 0)) == make(kClient));
  CHECK(store.memory_bytes() == memory);
}

TEST_CASE("What differs by more than its endpoints is kept, too", "[bench]") {
  FrameStore store;
  const uint32_t frame = store.add(test::udp(kClient, kServer, "one").bytes());
  const test::Bytes other = test::udp(kClient, kServer, "two").bytes(),
                    longer = test::udp(kClient, kServer, "longer");
  for (const test::Bytes& b : {other, longer}) {
    const FrameSpec spec = store.spec(frame, b, 0);
    CHECK(spec.frame != frame);
    CHECK(written(store, spec) == b);
  }
}
