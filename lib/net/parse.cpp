#include "net/parse.h"

#include <cstddef>
#include <cstring>

#include <rte_mbuf.h>

#include "net/checksum.h"
#include "net/headers.h"

namespace steelyard {
namespace {

template <class Header>
const Header* view(const uint8_t* at) noexcept {
  return reinterpret_cast<const Header*>(at);
}

constexpr bool is_tag(uint16_t type) noexcept {
  return type == kEtherTypeVlan || type == kEtherTypeQinQ || type == kEtherTypeOldQinQ;
}

// Steps over the Ethernet header and its tags: true if an IPv4 packet follows.
bool parse_link(Packet& p, const uint8_t* frame, uint32_t length) noexcept {
  uint32_t end = sizeof(EthernetHeader);
  if (length < end) return p.drop(DropReason::truncated), false;
  uint16_t type = view<EthernetHeader>(frame)->type;
  if (type == kEtherTypeIpv4) [[likely]] {
    p.l2_length = sizeof(EthernetHeader);
    return true;
  }
  for (int tags = 0; tags < 2 && is_tag(type); ++tags) {
    if (length < end + sizeof(VlanTag)) return p.drop(DropReason::truncated), false;
    type = view<VlanTag>(frame + end)->type;
    end += sizeof(VlanTag);
  }
  p.l2_length = static_cast<uint8_t>(end);
  return type == kEtherTypeIpv4;
}

bool header_checksum_ok(const Packet& p) noexcept {
  const uint64_t known = p.mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if (known == RTE_MBUF_F_RX_IP_CKSUM_GOOD) return true;
  if (known == RTE_MBUF_F_RX_IP_CKSUM_BAD) return false;
  return checksum_ok(p.ip, p.ip_header);
}

// `room`: bytes behind the link layer, `here` those of them in the first segment.
bool parse_ip(Packet& p, uint32_t room, uint32_t here) noexcept {
  if (here < sizeof(Ipv4Header)) return p.drop(DropReason::truncated), false;
  const auto& ip = *view<Ipv4Header>(p.ip);
  const uint32_t header = (ip.version_ihl & 0xfu) * 4;
  const uint16_t length = swap16(ip.total_length);
  if (ip.version_ihl >> 4 != 4 || header < sizeof(Ipv4Header) || length < header)
    return p.drop(DropReason::bad_ip_header), false;
  if (here < header || room < length) return p.drop(DropReason::truncated), false;
  p.ip_header = static_cast<uint8_t>(header);
  p.ip_length = length;
  p.source.be = ip.source;
  p.destination.be = ip.destination;
  p.ip_protocol = ip.protocol;
  if (!header_checksum_ok(p)) return p.drop(DropReason::bad_ip_checksum), false;
  return true;
}

Port load_port(const uint8_t* at) noexcept {
  Port port;
  std::memcpy(&port.be, at, sizeof port.be);
  return port;
}

// Oriented as if outbound: sent by the server, which is `other`.
void set_key(Packet& p, Endpoint from, Endpoint to, uint8_t protocol) noexcept {
  p.key = {to, from, static_cast<Protocol>(protocol), Direction::outbound};
}

void parse_flow(Packet& p, uint32_t needed, uint32_t here) noexcept {
  if (p.ip_length < p.ip_header + needed || here < p.ip_header + needed) return p.drop(DropReason::truncated);
  const uint8_t* l4 = p.l4();
  set_key(p, {p.source, load_port(l4)}, {p.destination, load_port(l4 + 2)}, p.ip_protocol);
  if (p.key.protocol == Protocol::tcp) p.tcp_flags = view<TcpHeader>(l4)->flags;
  p.kind = PacketKind::flow;
}

constexpr bool is_translated_error(uint8_t type) noexcept {
  return type == kIcmpUnreachable || type == kIcmpSourceQuench || type == kIcmpTimeExceeded ||
         type == kIcmpParameterProblem;
}

// What an ICMP error quotes, if it can belong to a connection.
void parse_quote(Packet& p, uint32_t here) noexcept {
  constexpr uint32_t kPorts = 8;  // RFC 792: the first 64 bits of the original datagram's data
  const uint32_t start = p.ip_header + uint32_t{sizeof(IcmpHeader)};
  if (p.ip_length < start + sizeof(Ipv4Header)) return;
  if (here < start + sizeof(Ipv4Header)) return p.drop(DropReason::truncated);
  const auto& quoted = *view<Ipv4Header>(p.ip + start);
  const uint32_t header = (quoted.version_ihl & 0xfu) * 4;
  if (quoted.version_ihl >> 4 != 4 || header < sizeof(Ipv4Header)) return;
  if ((quoted.fragment & kIpOffsetMask) != 0) return;
  const auto protocol = static_cast<Protocol>(quoted.protocol);
  if (protocol != Protocol::tcp && protocol != Protocol::udp) return;
  if (p.ip_length < start + header + kPorts) return;
  if (here < start + header + kPorts) return p.drop(DropReason::truncated);
  const uint8_t* ports = p.ip + start + header;
  set_key(p, {{quoted.destination}, load_port(ports + 2)}, {{quoted.source}, load_port(ports)},
          quoted.protocol);
  p.kind = PacketKind::icmp_error;
}

void parse_icmp(Packet& p, uint32_t here) noexcept {
  const uint32_t needed = p.ip_header + uint32_t{sizeof(IcmpHeader)};
  if (p.ip_length < needed || here < needed) return p.drop(DropReason::truncated);
  if (is_translated_error(view<IcmpHeader>(p.l4())->type)) parse_quote(p, here);
}

// Zero for an untagged frame with an IPv4 header without options.
uint32_t type_and_version(const uint8_t* frame) noexcept {
  uint32_t word;  // type, version and length of the header, type of service
  std::memcpy(&word, frame + offsetof(EthernetHeader, type), sizeof word);
  return (word ^ (kEtherTypeIpv4 | uint32_t{0x45} << 16)) & 0xffffff;
}

// The usual packet: untagged, to one host, IPv4 without options, no fragment, TCP or UDP, whole, all headers
// in the first segment, its header checksum right. False: it is another one, nothing is decided, and the long
// way finds out.
bool parse_usual(Packet& p) noexcept {
  const rte_mbuf& m = *p.mbuf;
  constexpr uint32_t kLeast = sizeof(EthernetHeader) + sizeof(Ipv4Header) + sizeof(TcpHeader);
  if (m.data_len < kLeast) return false;
  auto* frame = rte_pktmbuf_mtod(&m, uint8_t*);
  const auto& ip = *view<Ipv4Header>(frame + sizeof(EthernetHeader));
  constexpr uint32_t kTcp = static_cast<uint32_t>(Protocol::tcp), kUdp = static_cast<uint32_t>(Protocol::udp);
  const uint32_t protocol = ip.protocol;
  const uint64_t unusual = type_and_version(frame) | (frame[0] & 1u) |
                           (ip.fragment & unsigned{kIpMoreFragments | kIpOffsetMask}) |
                           (protocol ^ kTcp) * (protocol ^ kUdp) | (m.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_BAD);
  const uint32_t length = swap16(ip.total_length);
  if (unusual != 0 || length < kLeast - sizeof(EthernetHeader) || length > m.pkt_len - sizeof(EthernetHeader))
    return false;
  if ((m.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) == 0 && !ipv4_checksum_ok(frame + sizeof(EthernetHeader)))
    return false;
  p.ip = frame + sizeof(EthernetHeader);
  p.l2_length = sizeof(EthernetHeader);
  p.ip_header = sizeof(Ipv4Header);
  p.ip_length = static_cast<uint16_t>(length);
  p.source.be = ip.source;
  p.destination.be = ip.destination;
  p.ip_protocol = static_cast<uint8_t>(protocol);
  const uint8_t* l4 = p.ip + sizeof(Ipv4Header);
  set_key(p, {p.source, load_port(l4)}, {p.destination, load_port(l4 + 2)}, p.ip_protocol);
  p.tcp_flags = static_cast<uint8_t>(view<TcpHeader>(l4)->flags & (0 - uint32_t{protocol == kTcp}));
  p.kind = PacketKind::flow;
  return true;
}

}  // namespace

void parse_packet(Packet& p) noexcept {
  if (parse_usual(p)) [[likely]]
    return;
  auto* frame = rte_pktmbuf_mtod(p.mbuf, uint8_t*);
  if (!parse_link(p, frame, p.mbuf->data_len)) return;
  p.ip = frame + p.l2_length;
  const uint32_t here = p.mbuf->data_len - uint32_t{p.l2_length};
  if (!parse_ip(p, p.mbuf->pkt_len - uint32_t{p.l2_length}, here)) return;
  p.kind = PacketKind::ip;
  if ((frame[0] & 1) != 0) return;  // to a group
  if ((view<Ipv4Header>(p.ip)->fragment & (kIpMoreFragments | kIpOffsetMask)) != 0) {
    p.kind = PacketKind::fragment;
    return;
  }
  switch (static_cast<Protocol>(p.ip_protocol)) {
    case Protocol::tcp:
      parse_flow(p, sizeof(TcpHeader), here);
      break;
    case Protocol::udp:
      parse_flow(p, sizeof(UdpHeader), here);
      break;
    case Protocol::icmp:
      parse_icmp(p, here);
      break;
    default:
      break;
  }
}

bool icmp_checksum_ok(const Packet& p) noexcept {
  if (p.mbuf->nb_segs != 1) return true;
  return checksum_ok(p.l4(), std::size_t{p.ip_length} - p.ip_header);
}

}  // namespace steelyard
