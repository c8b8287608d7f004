// What goes to the kernel, in classes with a rate each, so that a flood of one class cannot starve another.
#include <cstring>

#include <rte_mbuf.h>

#include "net/headers.h"
#include "pipeline/stages.h"

namespace steelyard {
namespace {

constexpr uint8_t kIgmp = 2, kEigrp = 88, kOspf = 89, kPim = 103, kVrrp = 112, kIcmpv6 = 58;
constexpr uint16_t kBgp = 179, kLdp = 646;
constexpr uint32_t kIpv6Header = 40;

struct L4Ports {
  uint16_t source = 0, destination = 0;  // host order; 0: none or out of reach
};

// A fragment's or a multicast packet's transport header was not parsed.
L4Ports ports_of(const Packet& p) noexcept {
  const uint32_t reach = p.mbuf->data_len - uint32_t{p.l2_length};
  const bool has_ports = p.ip_protocol == static_cast<uint8_t>(Protocol::tcp) ||
                         p.ip_protocol == static_cast<uint8_t>(Protocol::udp);
  if (!has_ports || p.kind == PacketKind::fragment || p.ip_length < p.ip_header + 4u ||
      reach < p.ip_header + 4u)
    return {};
  uint16_t be[2];
  std::memcpy(be, p.l4(), sizeof be);
  return {swap16(be[0]), swap16(be[1])};
}

bool is_routing_udp(uint16_t port) noexcept {
  return port == 520 || port == kLdp || port == 3784 || port == 3785 || port == 4784;  // RIP, LDP, BFD
}

bool is_routing(uint8_t protocol, L4Ports ports) noexcept {
  switch (protocol) {
    case kIgmp:
    case kEigrp:
    case kOspf:
    case kPim:
    case kVrrp:
      return true;
    case static_cast<uint8_t>(Protocol::tcp):
      return ports.source == kBgp || ports.destination == kBgp || ports.source == kLdp ||
             ports.destination == kLdp;
    case static_cast<uint8_t>(Protocol::udp):
      return is_routing_udp(ports.destination);
    default:
      return false;
  }
}

bool is_echo_reply(const Packet& p) noexcept {
  return p.ip_length > p.ip_header && p.mbuf->data_len > p.l2_length + p.ip_header &&
         p.kind != PacketKind::fragment && p.l4()[0] == kIcmpEchoReply;
}

KernelClass class_of_ipv4(const Packet& p, const AddressTable& addresses) noexcept {
  const uint8_t to = addresses.classes(p.destination);
  const bool ours = (to & (kLocalAddress | kVirtualAddress)) != 0;
  const bool group = p.destination.is_multicast() || p.destination.be == ~uint32_t{0};
  if (!ours && !group) return KernelClass::transit;
  if (is_routing(p.ip_protocol, ports_of(p))) return KernelClass::routing;
  if (!ours) return KernelClass::other;
  const bool icmp = p.ip_protocol == static_cast<uint8_t>(Protocol::icmp);
  const bool from_server = (addresses.classes(p.source) & kServerAddress) != 0;
  if (from_server && (to & kLocalAddress) != 0) {
    const bool reply = icmp ? is_echo_reply(p)
                            : p.ip_protocol == static_cast<uint8_t>(Protocol::tcp) ||
                                  p.ip_protocol == static_cast<uint8_t>(Protocol::udp);
    if (reply) return KernelClass::health;
  }
  return icmp ? KernelClass::icmp : KernelClass::local;
}

// RFC 4861: router and neighbour solicitation and advertisement, redirect.
constexpr bool is_neighbour_discovery(uint8_t icmpv6_type) noexcept {
  return icmpv6_type >= 133 && icmpv6_type <= 137;
}

KernelClass class_of_frame(const Packet& p) noexcept {
  const auto* frame = rte_pktmbuf_mtod(p.mbuf, const uint8_t*);
  const uint32_t length = p.mbuf->data_len;
  uint16_t type;
  std::memcpy(&type, frame + p.l2_length - sizeof type, sizeof type);
  if (type == kEtherTypeArp) return KernelClass::neighbour;
  if (type != kEtherTypeIpv6 || length < p.l2_length + kIpv6Header) return KernelClass::other;
  const uint8_t next_header = frame[p.l2_length + 6];
  if (next_header == kOspf || next_header == kVrrp) return KernelClass::routing;
  if (next_header != kIcmpv6 || length < p.l2_length + kIpv6Header + 1) return KernelClass::other;
  return is_neighbour_discovery(frame[p.l2_length + kIpv6Header]) ? KernelClass::neighbour
                                                                  : KernelClass::other;
}

}  // namespace

void classify_kernel(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept {
  for (Packet& p : batch.all()) {
    if (p.verdict != Verdict::kernel) continue;
    p.kernel_class = p.kind == PacketKind::other ? class_of_frame(p) : class_of_ipv4(p, snap.addresses);
    if (!context.limits.kernel[static_cast<std::size_t>(p.kernel_class)].take(now.ticks))
      p.drop(rate_drop(p.kernel_class));
  }
}

}  // namespace steelyard
