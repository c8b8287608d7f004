// Anything in, everything accounted for: Rig::run() checks the sums after each turn, MemoryIo (under
// AddressSanitizer) that nobody reads past a frame's end.
#include <random>

#include <catch2/catch.hpp>

#include "rig.h"

namespace steelyard::test {
namespace {

class Chaos {
 public:
  explicit Chaos(uint32_t seed) : random_(seed) {}
  uint32_t below(uint32_t n) { return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_); }

  Endpoint client() { return ep("10.11.0.1", static_cast<uint16_t>(20000 + below(40))); }
  Endpoint target() {
    const Endpoint choices[] = {
        kWebVip, kWebVip, kDnsVip, {kPortC, Port::from_host(22)}, ep("198.51.100.1", 80)};
    return choices[below(std::size(choices))];
  }
  Endpoint server() { return below(2) == 0 ? kReal1 : below(2) == 0 ? kReal2 : kRealDns; }
  uint8_t flags() {
    const uint8_t choices[] = {kSyn, kSyn, kSyn | kAck, kAck, kAck, kPsh | kAck, kFin | kAck, kRst};
    return below(10) == 0 ? static_cast<uint8_t>(below(64)) : choices[below(std::size(choices))];
  }
  Frame transport(Endpoint from, Endpoint to) {
    const std::string data(below(20) == 0 ? below(1400) : below(20), 'x');
    return below(4) == 0 ? udp(from, to, data) : tcp(from, to, flags(), data);
  }
  Frame well_formed() {
    switch (below(10)) {
      case 0:
        return icmp_error(ip("10.11.99.1"), kVip, 3, 4, transport(target(), client()).ip_bytes(),
                          28 + below(200));
      case 1: {
        const Endpoint to = client();
        return icmp_error(ip("10.20.0.99"), to.address, 3, 3, transport(to, server()).ip_bytes(),
                          28 + below(200));
      }
      case 2:
        return below(2) == 0 ? echo(client().address, kVip) : arp_request(client().address, kPortC);
      case 3:
      case 4:
      case 5:
        return transport(server(), client());
      default:
        return transport(client(), target());
    }
  }
  Bytes packet() {
    Frame f = well_formed();
    if (below(8) == 0) f = f.df();
    if (below(20) == 0) f = f.ttl(static_cast<uint8_t>(below(3)));
    if (below(20) == 0) f = f.mf();
    if (below(10) == 0) f = f.options({1, 1, 1, 0});
    if (below(10) == 0) f = f.vlan(static_cast<uint16_t>(below(4096)));
    if (below(10) == 0) f = f.pad(below(30));
    Bytes bytes = f.bytes();
    for (uint32_t n = below(4) == 0 ? 1 + below(3) : 0; n > 0; --n)
      bytes[below(static_cast<uint32_t>(std::min<std::size_t>(bytes.size(), 60)))] =
          static_cast<uint8_t>(below(256));
    if (below(20) == 0) bytes.resize(below(static_cast<uint32_t>(bytes.size())) + 1);
    return bytes;
  }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("Every random packet is accounted for", "[pipeline][random]") {
  Limits limits = unlimited();
  limits.kernel[static_cast<std::size_t>(KernelClass::icmp)] = 3;
  limits.icmp_errors = 5;
  limits.resets = 5;
  Rig rig({.connections = 64, .limits = limits});
  rig.snap.next_hops[2].mtu = 600;
  Chaos chaos(7);
  for (int turn = 0; turn < 3000; ++turn) {
    for (uint32_t n = chaos.below(kBatchSize); n > 0; --n)
      rig.io().push(chaos.below(2) == 0 ? kClients : kServers, chaos.packet());
    if (chaos.below(10) == 0) rig.io().refuse_sends(chaos.below(10));
    if (chaos.below(10) == 0) rig.io().refuse_kernel(chaos.below(10));
    if (chaos.below(4) == 0) ++rig.now.ticks;
    if (chaos.below(50) == 0) ++rig.snap.route_epoch;
    rig.snap.next_hops[3].usable = chaos.below(5) != 0;
    rig.run(kClients, std::vector<Frame>{});
    rig.table().reclaim();
  }
  // The traffic was of all sorts.
  CHECK(rig.counters.forwarded.get() > 3000);
  CHECK(rig.counters.kernel.get() > 1000);
  CHECK(rig.counters.originated.get() > 100);
  for (const DropReason r :
       {DropReason::truncated, DropReason::bad_ip_header, DropReason::bad_ip_checksum, DropReason::fragment,
        DropReason::no_connection, DropReason::table_full, DropReason::ttl_exceeded,
        DropReason::fragmentation_needed, DropReason::no_next_hop, DropReason::bad_icmp_error,
        DropReason::transmit_full, DropReason::kernel_ring_full, DropReason::kernel_rate_icmp}) {
    CAPTURE(to_string(r));
    CHECK(rig.dropped(r) > 0);
  }
  int64_t active = 0, inactive = 0;
  for (ServerSlot s = 0; s < rig.snap.servers.size(); ++s) {
    active += static_cast<int64_t>(rig.counters.servers[s].active.get());
    inactive += static_cast<int64_t>(rig.counters.servers[s].inactive.get());
  }
  int64_t found_active = 0, found = 0;
  rig.table().for_each([&](const Connection& c) { ++found, found_active += is_active(c.state()); });
  CHECK(active == found_active);
  CHECK(active + inactive == found);
}

}  // namespace steelyard::test
