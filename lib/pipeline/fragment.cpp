#include "pipeline/fragment.h"

#include <cstring>

#include <rte_ip_frag.h>
#include <rte_mbuf.h>

#include "net/checksum.h"
#include "net/headers.h"

namespace steelyard {
namespace {

// Off with the link layer and the padding behind the packet: only the IP packet is cut.
bool strip(const Packet& p) noexcept {
  const uint32_t padding = p.mbuf->pkt_len - p.l2_length - p.ip_length;
  if (padding > 0 && rte_pktmbuf_trim(p.mbuf, static_cast<uint16_t>(padding)) != 0) return false;
  return rte_pktmbuf_adj(p.mbuf, p.l2_length) != nullptr;
}

// The library leaves the header checksum to the caller.
void finish(rte_mbuf& m, const uint8_t* ethernet, uint16_t length) noexcept {
  auto* ip = rte_pktmbuf_mtod(&m, uint8_t*);
  auto& header = *reinterpret_cast<Ipv4Header*>(ip);
  header.checksum = 0;
  header.checksum = internet_checksum(ip, (header.version_ihl & 0xfu) * 4);
  std::memcpy(rte_pktmbuf_prepend(&m, length), ethernet, length);
}

}  // namespace

void fragment(const Packet& p, const NextHop& hop, rte_mempool* direct, rte_mempool* indirect,
              Fragments& out) noexcept {
  out.size = 0;
  const uint8_t* ethernet = p.ip - p.l2_length;
  if (!strip(p)) return;
  const int32_t n =
      rte_ipv4_fragment_packet(p.mbuf, out.packets.data(), kMostFragments, hop.mtu, direct, indirect);
  if (n <= 0) return;
  out.size = static_cast<uint16_t>(n);
  for (uint16_t i = 0; i < out.size; ++i) finish(*out.packets[i], ethernet, p.l2_length);
}

}  // namespace steelyard
