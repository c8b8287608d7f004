// The configured ports as opened devices. Made, started, stopped and asked by the control core; workers only
// use the queues that QueueIo took from here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "dpdk/device.h"
#include "dpdk/interface.h"
#include "dpdk/pools.h"
#include "dpdk/rss.h"
#include "service/snapshot.h"

namespace steelyard::dpdk {

struct Queue {
  uint16_t ethdev = 0, queue = 0;
};

// As the driver counts them, since the start. `missed`: the queues were full; `no_buffer`: the pool was
// empty.
struct PortStats {
  uint64_t received = 0, sent = 0, received_bytes = 0, sent_bytes = 0;
  uint64_t missed = 0, no_buffer = 0, receive_errors = 0, send_errors = 0;
};

// One port: one or more ethdevs. For a port on a kernel interface the kernel's own stack does not see what
// the interface receives while this object lives.
class Port {
 public:
  // Opens the device, or takes one that exists already. Throws StartError.
  Port(const config::Config& config, std::size_t index, unsigned workers);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Once, before start().
  void configure(rte_mempool& pool);
  void start();
  void stop() noexcept;

  const std::string& name() const noexcept { return name_; }
  DeviceKind kind() const noexcept { return device_.kind; }
  unsigned queue_pairs() const noexcept;
  PortInfo info() const;
  bool link_up() const;
  uint32_t speed() const;  // of the link, in Mbit/s; 0: not known
  const std::string& device() const noexcept { return device_.name; }
  std::string driver() const;
  PortStats stats() const;
  // The device, its queues, and how they are spread. Complete after start().
  std::string description() const;

  // The receive queues that a worker polls; every queue is polled by one worker.
  std::vector<Queue> receive_queues(unsigned worker) const;
  // The transmit queue that is this worker's alone.
  Queue transmit_queue(unsigned worker) const;
  // The driver sends frames of several segments.
  bool sends_segments() const noexcept { return segments_; }

 private:
  struct Opened {
    uint16_t id = 0;
    uint16_t queues = 1;          // transmit queues
    uint16_t receive_queues = 0;  // may be fewer
    std::string vdev;             // created here: to be removed
  };
  void open(const Ethdev& ethdev);
  void configure(Opened& ethdev, rte_mempool& pool);

  std::string name_;
  Device device_;
  Ipv4 address_;
  unsigned workers_, mtu_;
  std::unique_ptr<Interface> interface_;
  std::unique_ptr<IngressDrop> drop_;
  std::vector<Opened> ethdevs_;
  RssPlan rss_;
  Side side_;
  std::string refused_;  // why the flow rules are not there
  bool segments_ = true;
};

// All ports, by index of the configuration, and the buffers they share.
class Ports {
 public:
  Ports(const config::Config& config, unsigned workers);
  ~Ports() { stop(); }

  void start();
  void stop() noexcept;  // what workers have sent leaves first

  std::size_t size() const noexcept { return ports_.size(); }
  const Port& operator[](std::size_t i) const noexcept { return *ports_[i]; }
  const Pools& pools() const noexcept { return *pools_; }
  std::vector<PortInfo> infos() const;
  // One line for each port, for the log.
  std::vector<std::string> descriptions() const;

 private:
  std::unique_ptr<Pools> pools_;  // outlives the ports, which give their buffers back
  std::vector<std::unique_ptr<Port>> ports_;
  bool started_ = false;
};

}  // namespace steelyard::dpdk
