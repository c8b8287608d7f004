// Network address translation (LVS-NAT): an inbound packet gets the real server as its destination, an
// outbound one the virtual address as its source. Worker threads; touches only the packet's bytes.
//
// Checksums are updated incrementally (RFC 1624) with the deltas that prepare() left in the connection, so a
// wrong one stays wrong by as much and its receiver will notice. A UDP checksum of 0, none, stays 0.
#pragma once

#include "conn/connection.h"
#include "net/batch.h"

namespace steelyard {

struct Nat {
  static constexpr ForwardingMode kMode = ForwardingMode::nat;

  // Once, when a connection is opened and its endpoints are in place.
  static void prepare(Connection& c) noexcept;
  // A TCP or UDP packet: addresses, ports, checksums, time to live.
  static void rewrite(Packet& p, const Connection& c) noexcept;
  // An ICMP error about the connection (RFC 5508 section 4): outer header, quoted header and checksums.
  static void rewrite_icmp_error(Packet& p, const Connection& c) noexcept;
};

}  // namespace steelyard
