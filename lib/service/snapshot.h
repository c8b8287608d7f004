// The control core's decisions as workers read them: one immutable Snapshot behind one atomic pointer. A
// worker loads the pointer once per turn and keeps nothing from it beyond the turn; the control core frees a
// replaced one after a grace period. Slots (of services, servers and next hops) are indices that stay valid
// as long as a connection uses them, so entries in the connection table name their service, server and next
// hops by slot.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "base/types.h"
#include "sched/schedule.h"
#include "service/address_table.h"
#include "service/routes.h"
#include "service/tcp_state.h"

namespace steelyard {

using ServiceSlot = uint16_t;
using ServerSlot = uint32_t;
inline constexpr ServiceSlot kNoService = 0xffff;

enum class NoConnection : uint8_t { reset, drop };

// Its clients' next connections go to the server of the last one: by templates in the connection table
// (conn/template.h).
struct Persistence {
  Ticks timeout = 0;  // of a template; 0: not persistent
  Ipv4 mask;          // of a client's address
  // Of its templates' keys. Services of a group have the same ones.
  Port number;
  Endpoint endpoint;
  bool group = false;
};

struct VirtualService {
  Endpoint address;                    // port 0: all ports that no other service has
  Protocol protocol = Protocol::none;  // none: the slot is not in use
  NoConnection no_connection = NoConnection::reset;
  bool sloppy_tcp = false;
  std::array<Ticks, kStates> timeouts{};  // by State
  ScheduleSlot* schedule = nullptr;       // outlives every snapshot
  Persistence persistence = {};
  bool one_packet = false;  // UDP: each datagram of a client is scheduled anew, nothing is kept
};

struct RealServer {
  Endpoint address;                  // port 0: the port that the client has asked for
  ServiceSlot service = kNoService;  // kNoService: the slot is not in use
  uint32_t weight = 1;
};

// A configured port as the datapath needs it.
struct PortInfo {
  Mac mac;
  Ipv4 address;         // source of the ICMP errors sent towards this port's servers; 0: none configured
  uint16_t mtu = 1500;  // IP packet size
};

struct Snapshot {
  uint64_t version = 0;
  AddressTable addresses;                // whose address is it: virtual, a real server's, the director's own
  ServiceTable by_endpoint;              // (protocol, virtual endpoint) -> service slot
  std::vector<VirtualService> services;  // by ServiceSlot
  std::vector<RealServer> servers;       // by ServerSlot
  // By ServerSlot: may it have connections by a template? Changes as checks say; outlives every snapshot.
  const std::atomic<bool>* serving = nullptr;  // null: all
  ServerTable one_packet_servers;  // (UDP, server's endpoint) of one_packet services -> server slot
  ServerTable group_servers;       // group_key() -> server slot
  std::vector<PortInfo> ports;     // by port index
  Routes routes;                   // destination -> next hop slot
  std::vector<NextHop> next_hops;  // by NextHopSlot; [0] is the unknown next hop
  uint16_t route_epoch = 0;  // a connection that was opened under another epoch looks its next hops up anew

  std::optional<ServiceSlot> service_at(Protocol protocol, Endpoint address) const noexcept {
    const auto own = by_endpoint.find(protocol, address);
    return own ? own : by_endpoint.find(protocol, {address.address, {}});
  }
  bool serves(ServerSlot server) const noexcept {
    return serving == nullptr || serving[server].load(std::memory_order_relaxed);
  }
  // The server of a service in a group that has this address.
  std::optional<ServerSlot> group_server(ServiceSlot service, Ipv4 address) const noexcept {
    return group_servers.find(Protocol::persistence, group_key(service, address));
  }
  static constexpr Endpoint group_key(ServiceSlot service, Ipv4 address) noexcept {
    return {address, Port{service}};
  }
};

}  // namespace steelyard
