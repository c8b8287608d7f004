// The batch: up to 32 packets on their way through one turn of a worker. Stages are free functions on a batch
// and talk only through its fields. Owned by one worker; nothing in it outlives the turn.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/types.h"
#include "net/verdict.h"

struct rte_mbuf;

namespace steelyard {

struct Connection;  // conn/connection.h
struct NextHop;     // service/routes.h

inline constexpr uint16_t kBatchSize = 32;

// Which way a packet of a connection travels; indexes Connection::half.
enum class Direction : uint8_t {
  inbound = 0 /* client to virtual address */,
  outbound = 1 /* server to client */
};

// What a packet says about the connection it may belong to. The client's endpoint is the hashed key in both
// directions; `other` is the virtual endpoint (inbound) or the server's endpoint (outbound).
struct FlowKey {
  Endpoint client;
  Endpoint other;
  Protocol protocol = Protocol::none;
  Direction direction = Direction::inbound;
};

enum class PacketKind : uint8_t {
  other,       // not IPv4: ARP, IPv6, LLDP ...
  ip,          // IPv4, nothing the datapath can translate (ICMP echo, GRE, ESP, OSPF ...)
  fragment,    // an IPv4 fragment, first or later
  flow,        // TCP or UDP
  icmp_error,  // an ICMP error that quotes a TCP or UDP packet; `key` is that of the quoted packet's
               // connection
};

struct Packet {
  rte_mbuf* mbuf = nullptr;
  uint8_t* ip = nullptr;              // the IPv4 header, null for PacketKind::other
  Connection* connection = nullptr;   // set by find_connections and open_connections
  const NextHop* next_hop = nullptr;  // set by track; null: not known
  FlowKey key;                        // PacketKind::flow and icmp_error only
  uint64_t hash = 0;                  // of key.client and key.protocol, set by find_connections
  Ipv4 source, destination;           // of the outer IPv4 header
  uint16_t ip_length = 0;             // total length of the IPv4 packet (the frame may be padded)
  uint8_t ip_header = 0;              // its header's length in bytes
  uint8_t l2_length = 0;              // Ethernet header and VLAN tags
  PacketKind kind = PacketKind::other;
  uint8_t ip_protocol = 0;
  uint8_t tcp_flags = 0;              // TcpFlag bits, 0 unless TCP
  bool too_large = false;             // for the next hop's MTU: to be fragmented on output
  uint8_t in_port = 0, out_port = 0;  // indices of configured ports
  Verdict verdict = Verdict::pending;
  DropReason reason = DropReason::count;
  KernelClass kernel_class = KernelClass::other;

  uint8_t* l4() const noexcept { return ip + ip_header; }
  void drop(DropReason r) noexcept { verdict = Verdict::drop, reason = r; }
};

struct Batch {
  std::array<Packet, kBatchSize> packets;
  uint16_t size = 0;

  std::span<Packet> all() noexcept { return {packets.data(), size}; }
};

}  // namespace steelyard
