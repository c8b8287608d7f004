// What netlink tells about routes, neighbours, addresses and links, decoded: the same for an answer to a dump
// and for a notification (rtnetlink(7)). Pure functions and values.
#pragma once

#include <cstdint>
#include <variant>

#include "base/types.h"

struct nlmsghdr;

namespace steelyard::kernel {

// Where a route leads. Interface 0: nowhere (blackhole, unreachable, a dead or an unsupported next hop).
struct Path {
  int ifindex = 0;
  Ipv4 gateway;  // 0: on link
  friend bool operator==(const Path&, const Path&) = default;
};

// Where a new route goes among those of equal prefix and metric.
enum class Placing : uint8_t { last, first, replace };

struct RouteMessage {
  bool removed = false;
  Placing placing = Placing::last;
  Prefix to;
  uint32_t metric = 0;
  Path path;  // of a multipath route the first living next hop
};

struct NeighbourMessage {
  bool removed = false;
  int ifindex = 0;
  Ipv4 address;
  Mac mac;             // zero: not known
  uint16_t state = 0;  // NUD_*
  bool managed = false;
};

struct AddressMessage {
  bool removed = false;
  int ifindex = 0;
  Ipv4 address;
  uint8_t length = 0;
};

struct LinkMessage {
  bool removed = false;
  int ifindex = 0;
  unsigned flags = 0;  // IFF_*
};

using Message = std::variant<std::monostate, RouteMessage, NeighbourMessage, AddressMessage, LinkMessage>;

// std::monostate: nothing that concerns us (IPv6, other tables than main, routes for a type of service,
// malformed).
Message decode(const nlmsghdr& message) noexcept;

}  // namespace steelyard::kernel
