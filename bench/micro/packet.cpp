// Parsing, rewriting and checksums, 32 packets at a time as in a turn of a worker.
#include <algorithm>
#include <array>

#include <catch2/catch.hpp>

#include "datapath/memory_nic.h"
#include "datapath/rig.h"
#include "forward/forwarding.h"
#include "net/checksum.h"
#include "net/parse.h"
#include "replay/eal.h"

using namespace steelyard;
using namespace steelyard::bench;

namespace {

const BufferPool& buffers() {
  replay::start_private_eal(64);
  static const BufferPool pool;
  return pool;
}

// A batch of requests, each with its connection.
class Requests {
 public:
  Requests() : nic_(buffers(), kOwnMacs, {kGatewayMac, server_mac(0)}) {
    for (uint32_t flow = 0; flow < kBatchSize; ++flow) specs_.push_back(from_client(flow, kAck));
    nic_.load(specs_, false);
    REQUIRE(nic_.receive(mbufs_.data(), kBatchSize) == kBatchSize);
    for (uint16_t i = 0; i < kBatchSize; ++i) {
      Connection& c = connections_[i];
      c.client_address = specs_[i].source, c.client_port = specs_[i].source_port;
      c.protocol = Protocol::tcp, c.mode = ForwardingMode::nat;
      c.half[0].address = kVirtual.address, c.half[0].port = kVirtual.port;
      c.half[1].address = server_endpoint(0).address, c.half[1].port = server_endpoint(0).port;
      Forwarding::prepare(c);
    }
  }
  ~Requests() { nic_.free(mbufs_.data(), kBatchSize); }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  void parse() noexcept {
    for (uint16_t i = 0; i < kBatchSize; ++i) {
      batch_.packets[i].start(mbufs_[i]);
      parse_packet(batch_.packets[i]);
    }
  }
  void rewrite() noexcept {
    for (uint16_t i = 0; i < kBatchSize; ++i) Forwarding::rewrite(batch_.packets[i], connections_[i]);
  }
  bool all_parsed() const {
    return std::ranges::all_of(batch_.packets, [](const Packet& p) { return p.kind == PacketKind::flow; });
  }
  void orient_all() noexcept {
    for (Packet& p : batch_.packets) orient(p, true);
  }
  bool all_to_server() const {
    return std::ranges::all_of(batch_.packets, [](const Packet& p) {
      const auto& ip = *reinterpret_cast<const Ipv4Header*>(p.ip);
      return ip.destination == server_endpoint(0).address.be && ipv4_checksum_ok(p.ip);
    });
  }

 private:
  MemoryNic nic_;
  std::vector<Spec> specs_;
  std::array<rte_mbuf*, kBatchSize> mbufs_{};
  std::array<Connection, kBatchSize> connections_{};
  Batch batch_;
};

}  // namespace

TEST_CASE("parse and rewrite", "[packet]") {
  Requests requests;
  requests.parse();
  REQUIRE(requests.all_parsed());
  BENCHMARK("parse_packet, 32 TCP packets") { requests.parse(); };
  requests.orient_all();
  requests.rewrite();
  REQUIRE(requests.all_to_server());
  // Over and over: the addresses have arrived, checksums and time to live go on changing at the same cost.
  BENCHMARK("Forwarding::rewrite, 32 requests") { requests.rewrite(); };
}

TEST_CASE("checksums", "[packet]") {
  std::array<uint8_t, 1500> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  bytes[0] = 0x45, bytes[10] = bytes[11] = 0;
  const uint16_t right = internet_checksum(bytes.data(), 20);
  std::memcpy(bytes.data() + 10, &right, sizeof(right));
  REQUIRE(ipv4_checksum_ok(bytes.data()));
  BENCHMARK("internet_checksum, 20 bytes") { return internet_checksum(bytes.data(), 20); };
  BENCHMARK("internet_checksum, 1500 bytes") { return internet_checksum(bytes.data(), bytes.size()); };
  BENCHMARK("ipv4_checksum_ok") { return ipv4_checksum_ok(bytes.data()); };
  uint16_t checksum = 0x1234;
  BENCHMARK("apply, a delta of address and port") {
    return checksum = apply(checksum, checksum_delta(kVirtual, server_endpoint(3)));
  };
}
