// Views of the headers that the datapath reads and writes, in network byte order, unaligned-safe (packed).
// Ethernet II and IEEE 802.1Q, RFC 791, RFC 792, RFC 768, RFC 9293.
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"

namespace steelyard {

inline constexpr uint16_t kEtherTypeIpv4 = swap16(0x0800), kEtherTypeArp = swap16(0x0806),
                          kEtherTypeVlan = swap16(0x8100), kEtherTypeQinQ = swap16(0x88a8),
                          kEtherTypeIpv6 = swap16(0x86dd),
                          kEtherTypeOldQinQ = swap16(0x9100);  // before 802.1ad

struct [[gnu::packed]] EthernetHeader {
  std::array<uint8_t, 6> destination, source;
  uint16_t type;
};

struct [[gnu::packed]] VlanTag {
  uint16_t tci;   // priority and id
  uint16_t type;  // of what follows
};

struct [[gnu::packed]] Ipv4Header {
  uint8_t version_ihl;
  uint8_t tos;
  uint16_t total_length;
  uint16_t id;
  uint16_t fragment;  // flags and offset
  uint8_t ttl;
  uint8_t protocol;
  uint16_t checksum;
  uint32_t source;
  uint32_t destination;
};
inline constexpr uint16_t kIpDontFragment = swap16(0x4000), kIpMoreFragments = swap16(0x2000),
                          kIpOffsetMask = swap16(0x1fff);

enum TcpFlag : uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32 };

struct [[gnu::packed]] TcpHeader {
  uint16_t source_port, destination_port;
  uint32_t sequence, acknowledgement;
  uint8_t data_offset;  // upper four bits, in 32-bit words
  uint8_t flags;
  uint16_t window, checksum, urgent;
};

struct [[gnu::packed]] UdpHeader {
  uint16_t source_port, destination_port, length, checksum;
};

struct [[gnu::packed]] IcmpHeader {
  uint8_t type, code;
  uint16_t checksum;
  uint32_t rest;
};
inline constexpr uint8_t kIcmpEchoReply = 0, kIcmpUnreachable = 3, kIcmpSourceQuench = 4, kIcmpEcho = 8,
                         kIcmpTimeExceeded = 11, kIcmpParameterProblem = 12;
inline constexpr uint8_t kIcmpPortUnreachable = 3, kIcmpFragmentationNeeded = 4;

static_assert(sizeof(EthernetHeader) == 14 && sizeof(VlanTag) == 4 && sizeof(Ipv4Header) == 20);
static_assert(sizeof(TcpHeader) == 20 && sizeof(UdpHeader) == 8 && sizeof(IcmpHeader) == 8);

}  // namespace steelyard
