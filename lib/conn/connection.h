// One IPv4 connection: one cache line that holds all a packet needs and all that later features need.
//
// Written whole by the worker that opens the connection, before its slot in the index is released; from then
// on only the atomics change, until a grace period after the connection was unlinked. Times are ticks of the
// boot clock, everything else is named by slot or index, so that the table can live in memory that outlives
// the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <type_traits>

#include "base/time.h"
#include "base/types.h"
#include "net/batch.h"
#include "service/snapshot.h"

namespace steelyard {

enum class ForwardingMode : uint8_t { nat };

enum ConnectionFlag : uint8_t {
  kInactive = 1,  // counted as InActConn of its server, else as ActiveConn
  kWritten = 2,   // the table's: set by insert(), from then on only the atomics change
  kAnswered = 4,  // the server has answered the SYN
  kAssured = 8,   // of a template: one of its connections was established
};

// What packets of one direction carry, and where they go. half[inbound] is the virtual endpoint and the way
// to the server; half[outbound] the server's endpoint and the way to the client. A packet of direction d
// matches half[d] and is rewritten to half[1 - d], without a branch.
struct Half {
  Ipv4 address;
  Port port;
  std::atomic<NextHopSlot> next_hop{kUnknownNextHop};
};

inline constexpr uint32_t kNoTemplate = ~uint32_t{0};

struct alignas(kCacheLine) Connection {
  Ipv4 client_address;
  Port client_port;
  Protocol protocol = Protocol::none;
  ForwardingMode mode = ForwardingMode::nat;
  Half half[2];
  uint16_t ip_delta = 0;  // RFC 1624 sums to add to the checksums of an inbound packet; an outbound one takes
  uint16_t l4_delta = 0;  // their complement
  ServiceSlot service = kNoService;
  std::atomic<uint16_t> route_epoch{0};
  std::atomic<ServerSlot> server{0};  // changes in a template only
  std::atomic<Ticks> last_seen{0};
  std::atomic<uint32_t> state_word{0};  // State in bits 0-7, ConnectionFlag in bits 8-15
  uint32_t syn_us = 0;                  // Now::us at the client's SYN
  // In the table: the entry of its template or kNoTemplate; else the free or retired list's next.
  std::atomic<uint32_t> link{kNoTemplate};
  // Of a template: holds and timeout (conn/template.h); of a connection: local endpoint (full NAT) or
  // sequence delta (FTP, SYN cookies) (later).
  std::atomic<uint32_t> extra[2]{};
  uint32_t generation = 0;  // of the index slot's word; grows with every attempt to insert this entry

  State state(std::memory_order order = std::memory_order_relaxed) const noexcept {
    return static_cast<State>(state_word.load(order) & 0xff);
  }
  Endpoint client() const noexcept { return {client_address, client_port}; }
  Endpoint virtual_endpoint() const noexcept { return {half[0].address, half[0].port}; }
  Endpoint server_endpoint() const noexcept { return {half[1].address, half[1].port}; }
};
static_assert(sizeof(Connection) == kCacheLine);
static_assert(std::atomic<uint32_t>::is_always_lock_free && std::atomic<uint16_t>::is_always_lock_free);

constexpr uint32_t state_word(State s, uint8_t flags) noexcept {
  return static_cast<uint32_t>(s) | static_cast<uint32_t>(flags) << 8;
}

constexpr State state_in(uint32_t word) noexcept { return static_cast<State>(word & 0xff); }

}  // namespace steelyard
