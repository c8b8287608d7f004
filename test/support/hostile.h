// Frames that an attacker, a broken card or a bad cable would send: well-formed traffic of all sorts towards
// given endpoints, and that traffic with every header byte, length and order mangled.
//
// Deterministic: equal arguments give equal frames on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"
#include "packets.h"

namespace steelyard::test {

struct Targets {
  Endpoint client;                // connections come from this address, from this port upwards
  Endpoint service;               // taken for both TCP and UDP
  std::vector<Endpoint> servers;  // at least one; each answers the clients' packets
  Mac outside, inside;            // the director's ports towards clients and servers
};

struct HostileFrame {
  Bytes bytes;
  bool from_server = false;  // came in at the inside port
};

// TCP from handshake to end, UDP, ICMP errors and queries, fragments, VLAN, QinQ, IPv4 and TCP options,
// padding, ARP, IPv6, tunnels, group addresses; both ways. Connections open in this order.
std::vector<HostileFrame> well_formed(const Targets& targets);

// Well-formed traffic and, mixed into it, the mangled: each header byte and word set to odd values, each
// frame cut at each length and padded, each claimed length, random mixes of these, with checksums left alone
// and with checksums made right again; at last whole flows out of order and doubled. Some 30,000 frames a
// server.
std::vector<HostileFrame> hostile(const Targets& targets, uint32_t seed);

}  // namespace steelyard::test
