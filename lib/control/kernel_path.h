// The slow path: a kernel interface for every port, frames moved between it and the workers, and the kernel's
// addresses, routes and neighbours told to the director. Control core only; nothing blocks.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "base/log.h"
#include "config/config.h"
#include "control/director.h"
#include "control/held_frames.h"
#include "control/wires.h"
#include "kernel/addresses.h"
#include "kernel/mirror.h"
#include "kernel/resolver.h"
#include "kernel/tap.h"

namespace steelyard::control {

class KernelPath {
 public:
  // Creates the interfaces, sets port addresses and virtual addresses, reads the network. Throws StartError.
  KernelPath(const config::Config& config, std::span<const PortInfo> ports, Director& director, Wires& wires,
             Logger& log);

  int network_fd() const noexcept { return mirror_->fd(); }
  std::span<const std::unique_ptr<kernel::Tap>> taps() const noexcept { return taps_; }
  // Frames that went up to a port's interface and came down from it, and those of either way that were lost:
  // the interface refused it, no buffer, or the ring to the worker was full.
  struct Frames {
    uint64_t up = 0, down = 0, lost = 0;
  };
  const Frames& frames(std::size_t port) const noexcept { return frames_[port]; }

  // network_fd() is readable.
  void network_changed();
  // taps()[port] is readable: what the kernel sends leaves by the port.
  void from_kernel(std::size_t port);
  // Every millisecond: what workers handed up goes to the kernel, or is kept until its next hop is known.
  // `now` as for tend().
  void from_workers(std::chrono::milliseconds now);
  // Every 100 ms or so: links, neighbours. `now` of any clock that doesn't go back.
  void tend(std::chrono::milliseconds now);
  // Whether the kernel's own packets to an address leave by one of the ports.
  bool routed(Ipv4 address) const noexcept { return mirror_->view().way_to(address) != nullptr; }
  // Asks for the MAC on the way to an address, which is in doubt: at most 64 times between two calls of
  // tend().
  void probe(Ipv4 address);
  // Gratuitous ARP for every address, out of its port. Once workers run.
  void announce();

 private:
  struct Announced {
    uint8_t port;
    uint16_t vlan;
    Ipv4 address;
  };
  void set_addresses(const config::Config& config);
  void set_address(const Interface& on, int ifindex, Ipv4 address, uint8_t length);
  void keep_resolved();
  void follow_links();
  void announce(std::size_t port);

  std::vector<PortInfo> ports_;
  Director& director_;
  Wires& wires_;
  Logger& log_;
  std::vector<std::unique_ptr<kernel::Tap>> taps_;
  std::vector<bool> links_;     // up; as a new TAP has it
  std::vector<Frames> frames_;  // by port
  kernel::Addresses addresses_;
  std::vector<kernel::KernelInterface> interfaces_;
  std::vector<kernel::InterfaceAddress> set_;
  std::vector<Announced> announced_;
  std::unique_ptr<kernel::Mirror> mirror_;
  std::unique_ptr<kernel::Resolver> resolver_;
  std::vector<uint8_t> frame_;
  HeldFrames held_;
  std::chrono::milliseconds resynced_{};
  bool no_room_ = false;  // the operator has been told
};

}  // namespace steelyard::control
