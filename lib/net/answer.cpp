#include "net/answer.h"

#include <algorithm>
#include <cstring>

#include <rte_mbuf.h>

#include "net/checksum.h"
#include "net/headers.h"

namespace steelyard {
namespace {

constexpr uint8_t kTtl = 64;

template <class Header>
Header* view(uint8_t* at) noexcept {
  return reinterpret_cast<Header*>(at);
}

const uint8_t* frame_of(const Packet& p) noexcept { return rte_pktmbuf_mtod(p.mbuf, const uint8_t*); }

// Bytes of the IPv4 packet that can be read here.
uint32_t readable(const Packet& p) noexcept {
  return std::min<uint32_t>(p.ip_length, p.mbuf->data_len - uint32_t{p.l2_length});
}

constexpr bool is_single_host(Ipv4 a) noexcept {
  return (a.be & 0xff) != 0 && !a.is_loopback() && a.host() < 0xe0000000;
}

// Queries and their replies (RFC 792, RFC 950, RFC 1256); every other type counts as an error.
constexpr bool is_icmp_query(uint8_t type) noexcept {
  return type == kIcmpEchoReply || (type >= kIcmpEcho && type <= 10) || (type >= 13 && type <= 18);
}

bool may_be_icmp_error(const Packet& p) noexcept {
  if (static_cast<Protocol>(p.ip_protocol) != Protocol::icmp) return false;
  return readable(p) <= p.ip_header || !is_icmp_query(*p.l4());
}

void exchange_macs(uint8_t* frame) noexcept {
  auto* ethernet = view<EthernetHeader>(frame);
  const auto destination = ethernet->destination;
  ethernet->destination = ethernet->source;
  ethernet->source = destination;
}

// An IPv4 header of 20 bytes; lengths in host order, `fragment` and `id` as in the packet.
struct Origin {
  Ipv4 source, destination;
  uint16_t length, id, fragment;
  uint8_t tos;
  Protocol protocol;
};
void write_ip(uint8_t* at, const Origin& o) noexcept {
  const Ipv4Header header{
      0x45, o.tos,       swap16(o.length), o.id, o.fragment, kTtl, static_cast<uint8_t>(o.protocol),
      0,    o.source.be, o.destination.be};
  std::memcpy(at, &header, sizeof header);
  view<Ipv4Header>(at)->checksum = internet_checksum(at, sizeof header);
}

// Ends the mbuf behind the answer, forgets what was known of the packet before, and describes the new one.
void finish(Packet& p, uint8_t* ip, const Origin& o) noexcept {
  rte_mbuf& m = *p.mbuf;
  rte_mbuf* rest = m.next;
  m.next = nullptr;
  m.nb_segs = 1;
  rte_pktmbuf_free(rest);
  m.data_len = static_cast<uint16_t>(p.l2_length + o.length);
  m.pkt_len = m.data_len;
  m.packet_type = 0;
  m.ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_TX_OFFLOAD_MASK);
  p.ip = ip;
  p.ip_header = sizeof(Ipv4Header);
  p.ip_length = o.length;
  p.source = o.source;
  p.destination = o.destination;
  p.ip_protocol = static_cast<uint8_t>(o.protocol);
  p.kind = PacketKind::ip;
  p.tcp_flags = 0;
  p.connection = nullptr;
}

bool segment_ok(const Packet& p, const TcpHeader& tcp) noexcept {
  const uint16_t length = static_cast<uint16_t>(p.ip_length - p.ip_header);
  const uint32_t header = (tcp.data_offset >> 4) * 4u;
  if (header < sizeof(TcpHeader) || header > length) return false;
  const uint64_t known = p.mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  if (known == RTE_MBUF_F_RX_L4_CKSUM_GOOD || p.mbuf->nb_segs != 1) return true;
  return checksum_ok(p.l4(), length, pseudo_header_sum(p.source, p.destination, p.ip_protocol, length));
}

// The sequence number behind a segment: SYN and FIN count as one byte each.
uint32_t end_of(const Packet& p, const TcpHeader& tcp) noexcept {
  const uint32_t data = p.ip_length - p.ip_header - (tcp.data_offset >> 4) * 4u;
  return swap32(tcp.sequence) + data + ((tcp.flags & kSyn) != 0) + ((tcp.flags & kFin) != 0);
}

TcpHeader reset_for(const Packet& p, const TcpHeader& cause) noexcept {
  TcpHeader rst{};
  rst.source_port = cause.destination_port;
  rst.destination_port = cause.source_port;
  rst.data_offset = sizeof(TcpHeader) / 4 << 4;
  rst.flags = kRst;
  if ((cause.flags & kAck) != 0) {
    rst.sequence = cause.acknowledgement;
  } else {
    rst.flags = kRst | kAck;
    rst.acknowledgement = swap32(end_of(p, cause));
  }
  return rst;
}

struct IcmpError {
  uint8_t type, code;
  uint32_t rest;  // as in the packet
  Quote quote;
};

void write_icmp(uint8_t* at, const IcmpError& e, uint32_t quoted) noexcept {
  const IcmpHeader header{e.type, e.code, 0, e.rest};
  std::memcpy(at, &header, sizeof header);
  if (e.quote == Quote::forwarded) {
    auto* ip = view<Ipv4Header>(at + sizeof header);
    --ip->ttl;
    ip->checksum = apply(ip->checksum, kTtlDelta);
  }
  view<IcmpHeader>(at)->checksum = internet_checksum(at, sizeof header + quoted);
}

// The quoted packet stays where it is; what comes before it moves down.
bool answer_icmp(Packet& p, Ipv4 source, const IcmpError& error) noexcept {
  constexpr uint16_t kAdded = sizeof(Ipv4Header) + sizeof(IcmpHeader);
  constexpr uint32_t kLargest = 576;
  constexpr uint8_t kInternetControl = 0xc0, kTosBits = 0x1e;  // RFC 1812 section 4.3.2.5
  if (source.be == 0 || !may_answer(p)) return false;
  const uint8_t* old_frame = frame_of(p);
  const uint32_t quoted = std::min(readable(p), kLargest - kAdded);
  auto* frame = reinterpret_cast<uint8_t*>(rte_pktmbuf_prepend(p.mbuf, kAdded));
  if (frame == nullptr) return false;
  std::memmove(frame, old_frame, p.l2_length);
  exchange_macs(frame);
  const auto& cause = *view<Ipv4Header>(p.ip);
  const auto tos = static_cast<uint8_t>((cause.tos & kTosBits) | kInternetControl);
  const Origin origin{source, p.source,      static_cast<uint16_t>(kAdded + quoted), cause.id, 0,
                      tos,    Protocol::icmp};
  uint8_t* ip = frame + p.l2_length;
  write_ip(ip, origin);
  write_icmp(ip + sizeof(Ipv4Header), error, quoted);
  finish(p, ip, origin);
  return true;
}

}  // namespace

bool may_answer(const Packet& p) noexcept {
  if (p.ip == nullptr || !is_single_host(p.source) || !is_single_host(p.destination)) return false;
  const uint8_t* frame = frame_of(p);
  if (((frame[0] | frame[6]) & 1) != 0) return false;
  if ((view<Ipv4Header>(p.ip)->fragment & kIpOffsetMask) != 0) return false;
  return !may_be_icmp_error(p);
}

bool may_reset(const Packet& p) noexcept {
  return p.kind == PacketKind::flow && p.key.protocol == Protocol::tcp && (p.tcp_flags & kRst) == 0 &&
         may_answer(p);
}

bool answer_reset(Packet& p) noexcept {
  constexpr uint16_t kLength = sizeof(Ipv4Header) + sizeof(TcpHeader);
  constexpr uint8_t kEcn = 3;  // only data segments carry it (RFC 3168)
  if (!may_reset(p)) return false;
  TcpHeader cause;
  std::memcpy(&cause, p.l4(), sizeof cause);
  if (!segment_ok(p, cause)) return false;
  TcpHeader rst = reset_for(p, cause);
  const auto tos = static_cast<uint8_t>(view<Ipv4Header>(p.ip)->tos & ~kEcn);
  const Origin origin{p.destination, p.source, kLength, 0, kIpDontFragment, tos, Protocol::tcp};
  uint8_t* tcp = p.ip + sizeof(Ipv4Header);
  std::memcpy(tcp, &rst, sizeof rst);
  const uint64_t pseudo = pseudo_header_sum(origin.source, origin.destination, p.ip_protocol, sizeof rst);
  view<TcpHeader>(tcp)->checksum = internet_checksum(tcp, sizeof rst, pseudo);
  write_ip(p.ip, origin);
  exchange_macs(rte_pktmbuf_mtod(p.mbuf, uint8_t*));
  finish(p, p.ip, origin);
  return true;
}

bool answer_time_exceeded(Packet& p, Ipv4 source) noexcept {
  return answer_icmp(p, source, {kIcmpTimeExceeded, 0, 0, Quote::received});
}

bool answer_fragmentation_needed(Packet& p, Ipv4 source, uint16_t mtu) noexcept {
  const uint32_t rest = swap32(mtu);  // the lower half: RFC 1191 section 4
  return answer_icmp(p, source, {kIcmpUnreachable, kIcmpFragmentationNeeded, rest, Quote::forwarded});
}

bool answer_port_unreachable(Packet& p, Ipv4 source, Quote quote) noexcept {
  return answer_icmp(p, source, {kIcmpUnreachable, kIcmpPortUnreachable, 0, quote});
}

}  // namespace steelyard
