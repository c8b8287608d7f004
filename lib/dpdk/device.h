// The `device:` of a port, as text: what kind it is and which ethdevs a port on it consists of. Pure
// functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace steelyard::dpdk {

enum class DeviceKind : uint8_t {
  pci,        // 0000:3b:00.0
  af_packet,  // net_af_packet*: a kernel interface through a packet socket
  af_xdp,     // net_af_xdp*: a kernel interface through XDP sockets
  vdev,       // any other virtual device
};

struct Device {
  DeviceKind kind = DeviceKind::vdev;
  std::string name;   // as the EAL knows it: "net_af_packet0"
  std::string args;   // what follows the first comma
  std::string iface;  // of af_packet and af_xdp
};

// Throws StartError, naming `port`.
Device parse_device(std::string_view text, std::string_view port);

// The value of `key` in "key=value,key=value"; "" if it is not there.
std::string argument(std::string_view args, std::string_view key);

// One ethdev of a port.
struct Ethdev {
  std::string name;
  std::string args;     // for a vdev that does not exist yet
  unsigned queues = 1;  // queue pairs
};

// What is known about a port's device before it is opened.
struct Situation {
  unsigned workers = 1;
  unsigned interface_queues = 1;  // receive queues of the kernel interface (af_xdp)
  unsigned mtu = 1500;            // of the kernel interface, or as configured
};

// The ethdevs of a port. Each worker needs a transmit queue of its own, and every receive queue must be
// polled:
// - af_xdp: one ethdev for each receive queue of the interface (DPDK 22.11 cannot open two queues of a veth
// as
//   one ethdev), unless `start_queue` or `queue_count` say otherwise.
// - af_packet: one ethdev with `qpairs` queues, by default one for each worker; frames large enough for the
// MTU.
// - others: one ethdev with one queue for each worker.
// Throws StartError, naming `port`, where this cannot be.
std::vector<Ethdev> plan_ethdevs(const Device& device, std::string_view port, const Situation& situation);

}  // namespace steelyard::dpdk
