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
  // In the order in which start() writes it.
  rte_mbuf* mbuf;
  uint8_t* ip;              // the IPv4 header, null for PacketKind::other
  Connection* connection;   // set by find_connections and open_connections
  const NextHop* next_hop;  // set by track; null: not known
  PacketKind kind;
  uint8_t tcp_flags;  // TcpFlag bits, 0 unless TCP
  bool too_large;     // for the next hop's MTU: to be fragmented on output
  Verdict verdict;
  uint8_t in_port;    // indices of configured ports
  uint8_t out_port;   // of what is sent
  uint8_t l2_length;  // Ethernet header and VLAN tags
  uint8_t ip_header;  // the IPv4 header's length in bytes
  // Set by parse, kinds other than `other` only.
  Ipv4 source, destination;  // of the outer IPv4 header
  uint16_t ip_length = 0;    // total length of the IPv4 packet (the frame may be padded)
  uint8_t ip_protocol = 0;
  DropReason reason = DropReason::count;          // of Verdict::drop and Verdict::answer
  KernelClass kernel_class = KernelClass::other;  // of Verdict::kernel
  FlowKey key;                                    // PacketKind::flow and icmp_error only
  const void* bucket = nullptr;                   // the connection table's: where it looks first
  uint64_t hash = 0;                              // of key.client and key.protocol

  Packet() noexcept { start(nullptr); }
  // Makes it a fresh packet. This runs for every packet, so what is set before anybody reads it stays as it
  // was.
  void start(rte_mbuf* m) noexcept {
    mbuf = m;
    ip = nullptr;
    connection = nullptr;
    next_hop = nullptr;
    kind = PacketKind::other;
    tcp_flags = 0;
    too_large = false;
    verdict = Verdict::pending;
    in_port = out_port = l2_length = ip_header = 0;
  }
  uint8_t* l4() const noexcept { return ip + ip_header; }
  void drop(DropReason r) noexcept { verdict = Verdict::drop, reason = r; }
};

struct Batch {
  std::array<Packet, kBatchSize> packets;
  uint16_t size = 0;

  std::span<Packet> all() noexcept { return {packets.data(), size}; }
};

}  // namespace steelyard
