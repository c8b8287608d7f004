#include "kernel/messages.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

namespace steelyard::kernel {
namespace {

template <class T>
const T* header_of(const nlmsghdr& m) noexcept {
  if (nlmsg_datalen(&m) < static_cast<int>(sizeof(T))) return nullptr;
  return static_cast<const T*>(nlmsg_data(&m));
}

// Attributes by type; null: not there. Types beyond those are newer than we are and left out.
class Attributes {
 public:
  Attributes(const nlattr* first, int size) noexcept {
    int left = size;
    for (const nlattr* a = first; nla_ok(a, left); a = nla_next(a, &left))
      if (nla_type(a) < kTypes) at_[static_cast<std::size_t>(nla_type(a))] = a;
  }
  const nlattr* operator[](int type) const noexcept { return at_[static_cast<std::size_t>(type)]; }
  template <class T>
  std::optional<T> get(int type) const noexcept {
    const nlattr* a = (*this)[type];
    if (a == nullptr || nla_len(a) != static_cast<int>(sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, nla_data(a), sizeof value);
    return value;
  }

 private:
  static constexpr int kTypes = std::max({RTA_MAX, NDA_MAX, IFA_MAX}) + 1;
  std::array<const nlattr*, kTypes> at_{};
};

Attributes attributes_of(const nlmsghdr& m, std::size_t header) noexcept {
  const int size = static_cast<int>(header);
  return {nlmsg_attrdata(&m, size), nlmsg_attrlen(&m, size)};
}

bool alive(unsigned flags) noexcept { return (flags & RTNH_F_DEAD) == 0; }

// A next hop as the attributes of a route or of one leg of a multipath route give it.
Path path_of(const Attributes& a, int ifindex, unsigned flags) noexcept {
  if (!alive(flags) || a[RTA_VIA] != nullptr || a[RTA_ENCAP] != nullptr) return {};
  return {ifindex, {a.get<uint32_t>(RTA_GATEWAY).value_or(0)}};
}

Path first_leg(const nlattr* multipath) noexcept {
  const auto* at = static_cast<const char*>(nla_data(multipath));
  std::size_t left = static_cast<std::size_t>(nla_len(multipath));
  while (left >= sizeof(rtnexthop)) {
    rtnexthop leg;
    std::memcpy(&leg, at, sizeof leg);
    if (leg.rtnh_len < sizeof leg || leg.rtnh_len > left) break;
    // The kernel aligns legs, so their attributes are aligned too.
    const Attributes a(static_cast<const nlattr*>(static_cast<const void*>(at + sizeof leg)),
                       static_cast<int>(leg.rtnh_len - sizeof leg));
    if (const Path path = path_of(a, leg.rtnh_ifindex, leg.rtnh_flags); path.ifindex != 0) return path;
    const std::size_t step = NLMSG_ALIGN(static_cast<std::size_t>(leg.rtnh_len));
    if (step >= left) break;
    at += step;
    left -= step;
  }
  return {};
}

Placing placing_of(const nlmsghdr& m) noexcept {
  if ((m.nlmsg_flags & NLM_F_MULTI) != 0) return Placing::last;  // a dump goes from first to last
  if ((m.nlmsg_flags & NLM_F_REPLACE) != 0) return Placing::replace;
  return (m.nlmsg_flags & (NLM_F_APPEND | NLM_F_EXCL)) != 0 ? Placing::last : Placing::first;
}

Message decode_route(const nlmsghdr& m) noexcept {
  const auto* header = header_of<rtmsg>(m);
  if (header == nullptr || header->rtm_family != AF_INET || header->rtm_dst_len > 32 ||
      header->rtm_tos != 0 || (header->rtm_flags & RTM_F_CLONED) != 0)
    return {};
  const auto a = attributes_of(m, sizeof *header);
  if (a.get<uint32_t>(RTA_TABLE).value_or(header->rtm_table) != RT_TABLE_MAIN) return {};
  RouteMessage route;
  route.removed = m.nlmsg_type == RTM_DELROUTE;
  route.placing = placing_of(m);
  route.to = {{a.get<uint32_t>(RTA_DST).value_or(0)}, header->rtm_dst_len};
  route.metric = a.get<uint32_t>(RTA_PRIORITY).value_or(0);
  if (header->rtm_type != RTN_UNICAST) return route;
  if (a[RTA_MULTIPATH] != nullptr)
    route.path = first_leg(a[RTA_MULTIPATH]);
  else
    route.path = path_of(a, a.get<int>(RTA_OIF).value_or(0), header->rtm_flags);
  return route;
}

Message decode_neighbour(const nlmsghdr& m) noexcept {
  const auto* header = header_of<ndmsg>(m);
  if (header == nullptr || header->ndm_family != AF_INET || (header->ndm_flags & NTF_PROXY) != 0) return {};
  const auto a = attributes_of(m, sizeof *header);
  const auto address = a.get<uint32_t>(NDA_DST);
  if (!address) return {};
  NeighbourMessage neighbour;
  neighbour.removed = m.nlmsg_type == RTM_DELNEIGH;
  neighbour.ifindex = header->ndm_ifindex;
  neighbour.address = {*address};
  neighbour.mac.bytes = a.get<std::array<uint8_t, 6>>(NDA_LLADDR).value_or(std::array<uint8_t, 6>{});
  neighbour.state = header->ndm_state;
  neighbour.managed = (a.get<uint32_t>(NDA_FLAGS_EXT).value_or(0) & NTF_EXT_MANAGED) != 0;
  return neighbour;
}

Message decode_address(const nlmsghdr& m) noexcept {
  const auto* header = header_of<ifaddrmsg>(m);
  if (header == nullptr || header->ifa_family != AF_INET) return {};
  const auto a = attributes_of(m, sizeof *header);
  const auto local = a.get<uint32_t>(IFA_LOCAL);  // IFA_ADDRESS is the peer's on point-to-point links
  if (!local) return {};
  return AddressMessage{
      m.nlmsg_type == RTM_DELADDR, static_cast<int>(header->ifa_index), {*local}, header->ifa_prefixlen};
}

Message decode_link(const nlmsghdr& m) noexcept {
  const auto* header = header_of<ifinfomsg>(m);
  if (header == nullptr || header->ifi_family != AF_UNSPEC) return {};  // AF_BRIDGE: about ports of bridges
  return LinkMessage{m.nlmsg_type == RTM_DELLINK, header->ifi_index, header->ifi_flags};
}

}  // namespace

Message decode(const nlmsghdr& message) noexcept {
  switch (message.nlmsg_type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return decode_route(message);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return decode_neighbour(message);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return decode_address(message);
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return decode_link(message);
    default:
      return {};
  }
}

}  // namespace steelyard::kernel
