#include "datapath/check.h"

#include <algorithm>

#include <fmt/format.h>

#include "datapath/rig.h"
#include "replay/verify.h"

namespace steelyard::bench {

void Checker::look(uint8_t port, std::span<rte_mbuf* const> packets) {
  for (const rte_mbuf* m : packets) look(port, *m);
}

void Checker::look(uint8_t port, const rte_mbuf& m) {
  ++seen_;
  if (!wrong_.empty()) return;
  const std::span frame(rte_pktmbuf_mtod(&m, const uint8_t*), m.data_len);
  const auto& ethernet = *reinterpret_cast<const EthernetHeader*>(frame.data());
  const auto& ip = *reinterpret_cast<const Ipv4Header*>(frame.data() + 14);
  const auto& tcp = *reinterpret_cast<const TcpHeader*>(frame.data() + 34);
  const uint32_t flow = swap32(tcp.sequence);
  const auto fail = [&](const char* what) {
    wrong_ = fmt::format("packet {} (connection {}, by port {}): wrong {}", seen_, flow, port, what);
  };
  if (flow >= server_of_.size()) return fail("sequence number");
  const unsigned server = server_of_[flow];
  const bool request = one_port_ ? tcp.destination_port == server_endpoint(server).port.be : port == kInside;
  const Endpoint from = request ? client_endpoint(flow) : kVirtual;
  const Endpoint to = request ? server_endpoint(server) : client_endpoint(flow);
  if (ip.source != from.address.be || ip.destination != to.address.be) return fail("addresses");
  if (tcp.source_port != from.port.be || tcp.destination_port != to.port.be) return fail("ports");
  if (ethernet.source != kOwnMacs[port].bytes ||
      ethernet.destination != (request ? server_mac(server) : kGatewayMac).bytes)
    return fail("MAC addresses");
  if (ip.ttl != kTtl - 1) return fail("time to live");
  if (swap16(ip.total_length) + 14 != m.data_len) return fail("length");
  if (!replay::checksums_right(frame)) return fail("checksum");
}

void check_balance(std::span<const uint8_t> server_of) {
  std::array<uint64_t, kServers> share{};
  uint64_t refused = 0;
  for (const uint8_t s : server_of) {
    if (s == kRefused) {
      ++refused;
      continue;
    }
    if (s >= kServers) throw WrongAnswer(fmt::format("a connection went to no server of ours ({})", s));
    ++share[s];
  }
  const auto [least, most] = std::minmax_element(share.begin(), share.end());
  if (*most - *least > 1 + refused)
    throw WrongAnswer(fmt::format("the servers' shares are from {} to {} connections", *least, *most));
}

}  // namespace steelyard::bench
