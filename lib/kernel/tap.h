// A port's face in the kernel: a TAP interface (/dev/net/tun) with the port's MAC and MTU. What the workers
// do not balance is written to it, what the kernel sends out of it is read from it and leaves by the port. It
// is gone, with its addresses, routes and neighbours, when the object is destroyed or the process ends.
//
// Frames are Ethernet without FCS and without any extra header. Checksums are complete in both directions: no
// offload is announced, so the kernel finishes its own, and it verifies those of the frames it is given.
// IPv6 (link-local address, router discovery) is left to the kernel's defaults.
//
// The control core's thread only. Nothing here blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/types.h"
#include "kernel/descriptor.h"

namespace steelyard::kernel {

struct TapSettings {
  std::string name;     // 1 to 15 characters, not in use
  Mac mac;              // unicast, not zero
  uint16_t mtu = 1500;  // IP packet size
};

// Whether a TAP of this name could be made now. Throws StartError with what its constructor would say.
void check_tap(const std::string& name);

class Tap {
 public:
  // Creates the interface and brings it up. Throws StartError.
  explicit Tap(const TapSettings& settings);

  // The next frame the kernel sends out of this interface: its length, 0 if there is none. `frame` must hold
  // the MTU and 18 bytes (Ethernet header, VLAN tag); a longer frame is cut.
  std::size_t read(std::span<uint8_t> frame) noexcept;

  // Gives a frame to the kernel as received on this interface. false: the kernel refused it (interface set
  // down, no memory, shorter than an Ethernet header).
  bool write(std::span<const uint8_t> frame) noexcept;

  // The port's link state, shown as the interface's carrier (routing daemons and VRRP watch it). A new TAP
  // has a carrier.
  void set_carrier(bool up) noexcept;

  int fd() const noexcept { return device_.get(); }  // readable when read() has a frame; stays ours
  int ifindex() const noexcept { return ifindex_; }
  const std::string& name() const noexcept { return name_; }

 private:
  Descriptor device_;
  int ifindex_ = 0;
  std::string name_;
};

}  // namespace steelyard::kernel
