#include "kernel/addresses.h"

#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>

namespace steelyard::kernel {
namespace {

struct FreeLink {
  void operator()(rtnl_link* l) const noexcept { rtnl_link_put(l); }
};
using Link = std::unique_ptr<rtnl_link, FreeLink>;

Ipv4 broadcast_of(const InterfaceAddress& a) {
  return Ipv4::from_host(a.address.host() | ~Prefix{a.address, a.length}.mask_host());
}

int change(nl_sock& socket, int type, int flags, const InterfaceAddress& a) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = a.length;
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = static_cast<unsigned>(a.ifindex);
  NetlinkMessage message = make_message(type, flags, &header, sizeof header);
  nla_put_u32(message.get(), IFA_LOCAL, a.address.be);
  nla_put_u32(message.get(), IFA_ADDRESS, a.address.be);
  if (type == RTM_NEWADDR && a.length < 31) nla_put_u32(message.get(), IFA_BROADCAST, broadcast_of(a).be);
  return request(socket, std::move(message));
}

int make_vlan(nl_sock& socket, const std::string& name, int parent, uint16_t id) {
  const Link link(rtnl_link_vlan_alloc());
  if (!link) return -NLE_NOMEM;
  rtnl_link_set_link(link.get(), parent);
  rtnl_link_set_name(link.get(), name.c_str());
  rtnl_link_set_flags(link.get(), IFF_UP);
  if (const int error = rtnl_link_vlan_set_id(link.get(), id); error < 0) return error;
  return rtnl_link_add(&socket, link.get(), NLM_F_CREATE | NLM_F_EXCL);
}

}  // namespace

int interface_for(Ipv4 address, std::span<const InterfaceAddress> configured, int otherwise) noexcept {
  int best = otherwise, longest = -1;
  for (const InterfaceAddress& a : configured) {
    if (a.length <= longest || !Prefix{a.address, a.length}.contains(address)) continue;
    best = a.ifindex;
    longest = a.length;
  }
  return best;
}

Addresses::Addresses() : socket_(open_netlink()) {}

std::optional<std::string> Addresses::add(const InterfaceAddress& address) {
  const int error = change(*socket_, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
  if (error == 0 || error == -NLE_EXIST) return std::nullopt;
  return fmt::format("cannot set the address {}/{}: {}", address.address, address.length,
                     netlink_error(error));
}

std::optional<std::string> Addresses::remove(const InterfaceAddress& address) {
  const int error = change(*socket_, RTM_DELADDR, 0, address);
  if (error == 0 || error == -NLE_NOADDR || error == -NLE_OBJ_NOTFOUND || error == -NLE_NODEV)
    return std::nullopt;
  return fmt::format("cannot remove the address {}/{}: {}", address.address, address.length,
                     netlink_error(error));
}

std::variant<VlanInterface, std::string> Addresses::add_vlan(const std::string& parent, int ifindex,
                                                             uint16_t id) {
  const std::string name = fmt::format("{}.{}", parent, id);
  if (name.size() >= IFNAMSIZ)
    return fmt::format(
        "VLAN {} of port {}: no kernel interface, since its name {} is longer than 15 characters", id, parent,
        name);
  const int error = make_vlan(*socket_, name, ifindex, id);
  if (error == -NLE_OPNOTSUPP)
    return fmt::format(
        "VLAN {} of port {}: no kernel interface, since the kernel knows no 802.1Q VLANs "
        "(modprobe 8021q)",
        id, parent);
  if (error < 0)
    return fmt::format("VLAN {} of port {}: no kernel interface {}: {}", id, parent, name,
                       netlink_error(error));
  return VlanInterface{static_cast<int>(::if_nametoindex(name.c_str())), name};
}

std::vector<uint8_t> gratuitous_arp(const Mac& mac, Ipv4 address, uint16_t vlan) {
  std::vector<uint8_t> frame;
  const auto bytes = [&frame](const void* data, std::size_t size) {
    const auto* p = static_cast<const uint8_t*>(data);
    frame.insert(frame.end(), p, p + size);
  };
  const auto be16 = [&frame](unsigned v) {
    frame.push_back(static_cast<uint8_t>(v >> 8));
    frame.push_back(static_cast<uint8_t>(v));
  };
  frame.reserve(64);
  frame.assign(6, 0xff);
  bytes(mac.bytes.data(), 6);
  if (vlan != 0) {
    be16(0x8100);
    be16(vlan);
  }
  be16(0x0806);
  be16(1);       // hardware: Ethernet
  be16(0x0800);  // protocol: IPv4
  be16(0x0604);  // lengths of their addresses
  be16(1);       // request
  bytes(mac.bytes.data(), 6);
  bytes(&address.be, 4);
  frame.insert(frame.end(), 6, 0);
  bytes(&address.be, 4);
  frame.resize(vlan != 0 ? 64 : 60);
  return frame;
}

}  // namespace steelyard::kernel
