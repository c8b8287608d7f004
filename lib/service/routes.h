// Where a packet to a destination leaves: the kernel's routes and neighbours, mirrored and flattened by the
// control core. Used when a connection is opened (and when its routes have changed), never for an established
// packet.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/types.h"

namespace steelyard {

using NextHopSlot = uint16_t;
inline constexpr NextHopSlot kUnknownNextHop = 0;

struct alignas(32) NextHop {
  Mac destination, source;  // as a frame has them
  uint16_t vlan = 0;        // tag control word in network byte order, 0: untagged
  uint16_t mtu = 1500;      // of the port
  uint8_t port = 0;
  bool usable = false;  // false: MAC not (yet) known, or the slot is not in use
};

// A route whose port is this leads nowhere (blackhole, unreachable, an interface that is none of ours): it
// hides the shorter prefixes behind it, and look-ups find no route.
inline constexpr uint8_t kNowhere = 0xff;

// An interface packets can leave by: a port or a VLAN on a port.
struct Interface {
  uint8_t port = 0;
  uint16_t vlan = 0;  // id in host order, 0: untagged
  friend bool operator==(const Interface&, const Interface&) = default;
};

struct Route {
  Prefix to;
  Interface via;
  Ipv4 gateway;  // 0: on link
};

struct Neighbour {
  Interface on;
  Ipv4 address;
  NextHopSlot slot = kUnknownNextHop;
};

// Longest-prefix match over disjoint sorted ranges, then the neighbour's slot. Immutable after construction.
class Routes {
 public:
  Routes() = default;
  Routes(std::span<const Route> routes, std::span<const Neighbour> neighbours);

  // The slot to send to `destination` by, kUnknownNextHop if there is no route or its neighbour is not known.
  NextHopSlot find(Ipv4 destination) const noexcept;
  // The route alone; null: none, or one that leads nowhere.
  const Route* route(Ipv4 destination) const noexcept;

 private:
  struct Range {
    uint32_t first = 0;  // host order; up to the next range's first
    int32_t route = -1;
  };
  struct Key {
    Interface on;
    Ipv4 address;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& k) const noexcept {
      return static_cast<std::size_t>(
          (uint64_t{k.address.be} << 24 | uint64_t{k.on.vlan} << 8 | k.on.port) * 0x9e3779b97f4a7c15 >> 16);
    }
  };
  std::vector<Route> routes_;
  std::vector<Range> ranges_;
  std::unordered_map<Key, NextHopSlot, Hash> neighbours_;
};

}  // namespace steelyard
