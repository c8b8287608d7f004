// From bytes to a Packet: everything about a packet that follows from its frame alone. Worker threads; each
// call touches only the packet and its mbuf, reads only inside the frame and writes no byte of it.
#pragma once

#include "net/batch.h"

namespace steelyard {

// Fills l2_length, ip, ip_header, ip_length, source, destination, ip_protocol, kind, tcp_flags and key of a
// fresh Packet whose mbuf is set, or drops it as `truncated`, `bad_ip_header` or `bad_ip_checksum`.
//
// - Link layer: Ethernet II with up to two tags (0x8100, 0x88a8, 0x9100); anything else that is not IPv4,
//   as a third tag or an 802.3 length, is PacketKind::other.
// - A frame to a group MAC is PacketKind::ip at most: never load-balanced, never answered.
// - IPv4 (RFC 791) with options. The header checksum is computed unless the mbuf's flags know it. A frame
//   longer than the packet is padded, a shorter one truncated. In an mbuf of several segments all headers
//   must lie in the first one, else the packet counts as truncated.
// - TCP needs 20 bytes, UDP 8, ICMP 8. Their own lengths and checksums are their receivers' business: LVS
//   passes them on as they are.
// - ICMP types 3, 4, 11 and 12 are PacketKind::icmp_error if they quote the first 8 bytes of a TCP or UDP
//   packet, the first of its fragments if any. Other ICMP, also one that quotes nonsense, is PacketKind::ip.
//
// `key` is oriented as if outbound (see orient()). That of an ICMP error is the quoted packet's turned
// around: the error travels against it, so its key is that of a packet which travels with the error.
void parse_packet(Packet& p) noexcept;

// Orients the key once it is known whether the outer destination is a virtual address: then the packet is
// inbound and its source (an ICMP error's quoted destination) is the client. Once a packet, after
// parse_packet().
inline void orient(Packet& p, bool destination_is_virtual) noexcept {
  // The direction is as good as random: exchanged by masks, not by a branch.
  const uint32_t mask = 0 - uint32_t{destination_is_virtual};
  const uint32_t address = (p.key.client.address.be ^ p.key.other.address.be) & mask;
  const uint32_t port = uint32_t(p.key.client.port.be ^ p.key.other.port.be) & mask;
  p.key.client.address.be ^= address;
  p.key.other.address.be ^= address;
  p.key.client.port.be = static_cast<uint16_t>(p.key.client.port.be ^ port);
  p.key.other.port.be = static_cast<uint16_t>(p.key.other.port.be ^ port);
  p.key.direction = static_cast<Direction>(!destination_is_virtual);
}

// An ICMP error's own checksum (RFC 5508 REQ-3: a NAT drops an error whose checksum fails). True as well
// where it cannot be computed here, in an mbuf of several segments. `p` is of PacketKind::icmp_error.
bool icmp_checksum_ok(const Packet& p) noexcept;

}  // namespace steelyard
