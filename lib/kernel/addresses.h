// The director's addresses on its kernel interfaces, and the ARP announcement of each.
// Control core, at start (and when the configuration changes); each call is one short netlink request.
// Whatever is set here goes with the interface when the TAP is closed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/types.h"
#include "kernel/netlink.h"

namespace steelyard::kernel {

// An address of a kernel interface, e.g. 10.0.0.1/24.
struct InterfaceAddress {
  int ifindex = 0;
  Ipv4 address;  // with its host bits
  uint8_t length = 0;
};

// Where a virtual address is to be set: the interface with the longest subnet that holds it, else `otherwise`
// (the first port).
int interface_for(Ipv4 address, std::span<const InterfaceAddress> configured, int otherwise) noexcept;

struct VlanInterface {
  int ifindex = 0;
  std::string name;
};

class Addresses {
 public:
  Addresses();  // throws StartError

  // What is there already is left as it is, what is gone already is no error. Otherwise what went wrong.
  std::optional<std::string> add(const InterfaceAddress& address);
  std::optional<std::string> remove(const InterfaceAddress& address);

  // Creates `<parent>.<id>` on a TAP and brings it up. A kernel without 802.1Q, or a name longer than 15
  // characters, gives the sentence to warn with: that VLAN then has no kernel interface.
  std::variant<VlanInterface, std::string> add_vlan(const std::string& parent, int ifindex, uint16_t id);

 private:
  NetlinkSocket socket_;
};

// An ARP announcement (RFC 5227 section 3): a broadcast request with the address as sender and target, padded
// to the 60 bytes of the shortest Ethernet frame; tagged with `vlan` (host order) unless 0.
std::vector<uint8_t> gratuitous_arp(const Mac& mac, Ipv4 address, uint16_t vlan = 0);

}  // namespace steelyard::kernel
