#include "datapath/check.h"

#include <cstring>

#include <catch2/catch.hpp>

#include "datapath/rig.h"
#include "frames.h"
#include "net/checksum.h"

using namespace steelyard;
using namespace steelyard::bench;

namespace {

const std::vector<uint8_t> kServerOf = {3, 5, 3};

// What the director sends for the request or the reply of a flow.
Frame sent(uint32_t flow, bool request) {
  const unsigned server = kServerOf[flow];
  const uint8_t port = request ? kInside : kOutside;
  const Spec spec = request ? make_spec(client_endpoint(flow), server_endpoint(server), flow, port, kAck, 60)
                            : make_spec(kVirtual, client_endpoint(flow), flow, port, kAck, 60);
  Frame frame = frames(std::span(&spec, 1), {kGatewayMac, server_mac(server)}, kOwnMacs).front();
  auto& ip = *reinterpret_cast<Ipv4Header*>(frame.data() + 14);
  --ip.ttl;
  ip.checksum = 0;
  ip.checksum = internet_checksum(frame.data() + 14, 20);
  return frame;
}

void show(Checker& checker, uint8_t port, const Frame& frame) {
  rte_mbuf* m = rte_pktmbuf_alloc(buffers().get());
  REQUIRE(m != nullptr);
  m->data_len = static_cast<uint16_t>(frame.size());
  m->pkt_len = m->data_len;
  std::memcpy(rte_pktmbuf_mtod(m, uint8_t*), frame.data(), frame.size());
  checker.look(port, std::span(&m, 1));
  std::memset(rte_pktmbuf_mtod(m, uint8_t*), 0, frame.size());  // the pool's buffers are zeros
  rte_pktmbuf_free(m);
}

std::string wrong(uint8_t port, const Frame& frame) {
  Checker checker(kServerOf);
  show(checker, port, frame);
  return checker.wrong();
}

}  // namespace

TEST_CASE("The checker passes what the director sends", "[bench]") {
  Checker checker(kServerOf);
  for (uint32_t flow = 0; flow < 3; ++flow) {
    show(checker, kInside, sent(flow, true));
    show(checker, kOutside, sent(flow, false));
  }
  CHECK(checker.wrong() == "");
  CHECK(checker.seen() == 6);
}

TEST_CASE("The checker sees each kind of wrong frame", "[bench]") {
  struct Row {
    const char* what;
    std::size_t at;  // byte that is changed
  };
  const auto row = GENERATE(values<Row>({{"MAC addresses", 0},
                                         {"MAC addresses", 11},
                                         {"length", 16},
                                         {"length", 17},
                                         {"time to live", 22},
                                         {"checksum", 24},
                                         {"addresses", 26},
                                         {"addresses", 29},
                                         {"addresses", 30},
                                         {"addresses", 33},
                                         {"ports", 34},
                                         {"ports", 37},
                                         {"sequence number", 38},
                                         {"checksum", 42},
                                         {"checksum", 50},
                                         {"checksum", 54}}));
  const bool request = GENERATE(true, false);
  CAPTURE(row.what, row.at, request);
  Frame frame = sent(1, request);
  frame[row.at] ^= 1;
  CHECK_THAT(wrong(request ? kInside : kOutside, frame), Catch::Contains("wrong " + std::string(row.what)));
}

TEST_CASE("The checker sees a flow that changes its server, direction or port", "[bench]") {
  CHECK_THAT(wrong(kInside, sent(1, false)), Catch::Contains("wrong addresses"));
  CHECK_THAT(wrong(kOutside, sent(1, true)), Catch::Contains("wrong addresses"));
  // All right but for the server: flow 0's frame, for which another server is expected.
  Checker moved(std::span<const uint8_t>(kServerOf).subspan(1));
  show(moved, kInside, sent(0, true));
  CHECK_THAT(moved.wrong(), Catch::Contains("wrong addresses"));
}

TEST_CASE("The checker keeps the first wrong frame and counts on", "[bench]") {
  Checker checker(kServerOf);
  Frame frame = sent(2, true);
  frame[0] ^= 1;
  show(checker, kInside, sent(0, true));
  show(checker, kInside, frame);
  frame = sent(1, true);
  frame[22] ^= 1;
  show(checker, kInside, frame);
  CHECK(checker.wrong() == "packet 2 (connection 2, by port 1): wrong MAC addresses");
  CHECK(checker.seen() == 3);
}

TEST_CASE("Servers' shares may differ by one connection", "[bench]") {
  std::vector<uint8_t> server_of;
  for (unsigned i = 0; i < 3 * kServers + 1; ++i) server_of.push_back(static_cast<uint8_t>(i % kServers));
  CHECK_NOTHROW(check_balance(server_of));
  server_of.push_back(0);
  CHECK_THROWS_WITH(check_balance(server_of), "the servers' shares are from 3 to 5 connections");
  server_of.push_back(kRefused);  // had been given a server, perhaps
  CHECK_NOTHROW(check_balance(server_of));
  server_of.back() = kServers;
  CHECK_THROWS_WITH(check_balance(server_of), Catch::Contains("no server of ours"));
}
