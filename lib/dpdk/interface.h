// A kernel network interface that a port sits on (net_af_packet, net_af_xdp), by the kernel's old ioctls.
// Control core only. All throw StartError, naming `port`.
#pragma once

#include <string>

#include "base/types.h"

namespace steelyard::dpdk {

class Interface {
 public:
  // Takes the interface for this object alone: a second director (or port) on it is refused.
  Interface(std::string name, std::string port);
  ~Interface();
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;

  unsigned mtu() const;
  void set_mtu(unsigned mtu) const;
  unsigned receive_queues() const;
  bool link_up() const noexcept;    // the interface is up, and its link too
  uint32_t speed() const noexcept;  // in Mbit/s; 0: not known
  // Up, and nothing that merges received frames into larger ones (GRO, LRO): a director forwards frames as
  // they came.
  void prepare() const;

 private:
  std::string name_, port_;
  int socket_ = -1, claim_ = -1;
};

// Keeps the kernel's own stack from seeing what an interface receives, as it would answer a second time: a
// drop at the netdev ingress hook, which comes after XDP and after packet sockets. It sits in an nftables
// table of our own, `netdev steelyard_<interface>`, so one that a killed director left behind is replaced and
// goes with the new one.
class IngressDrop {
 public:
  IngressDrop(std::string interface, std::string port);
  ~IngressDrop();
  IngressDrop(const IngressDrop&) = delete;
  IngressDrop& operator=(const IngressDrop&) = delete;

 private:
  std::string interface_;
};

}  // namespace steelyard::dpdk
