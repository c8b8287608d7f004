// A worker on memory between one client side (port 0) and one server side (port 1), with a snapshot and
// schedules made by hand: the addresses of the recorded IPVS behaviour.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/grace.h"
#include "packets.h"
#include "pipeline/worker.h"
#include "replay/memory_io.h"

namespace steelyard::test {

inline constexpr uint8_t kClients = 0, kServers = 1;
inline constexpr ServiceSlot kWeb = 0, kDns = 1;
inline constexpr ServerSlot kWeb1 = 0, kWeb2 = 1, kDns1 = 2;

inline const Ipv4 kVip = ip("10.10.0.100"), kPortC = ip("10.10.0.1"), kPortS = ip("10.20.0.1");
inline const Endpoint kClient = ep("10.11.0.1", 20000), kWebVip = ep("10.10.0.100", 80),
                      kDnsVip = ep("10.10.0.100", 53), kReal1 = ep("10.20.0.11", 8080),
                      kReal2 = ep("10.20.0.12", 8080), kRealDns = ep("10.20.0.12", 53);
inline const Mac kPortCMac = mac("02:00:00:00:00:c0"), kPortSMac = mac("02:00:00:00:00:50"),
                 kGatewayMac = mac("02:00:00:00:00:ca"), kReal1Mac = mac("02:00:00:00:00:0b"),
                 kReal2Mac = mac("02:00:00:00:00:0c");

// What a test compares: readable on failure.
struct Out {
  uint8_t port;
  std::string frame;  // hexdump
  friend bool operator==(const Out&, const Out&) = default;
};
std::ostream& operator<<(std::ostream& stream, const Out& out);
Out out(uint8_t port, const Frame& frame);
// The frame as the director sends it on: by its next hop, one hop less to live.
Out to_server1(const Frame& frame);
Out to_server2(const Frame& frame);
Out to_client(const Frame& frame);
Limits unlimited() noexcept;

class Rig {
 public:
  struct Options {
    uint32_t connections = 1024;
    Limits limits = unlimited();
  };
  Rig() : Rig(Options{}) {}
  explicit Rig(const Options& options);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // The snapshot that is published, open to changes between turns.
  Snapshot snap;
  Now now{1000, 5};
  WorkerCounters counters{64};
  std::atomic<const Snapshot*> published{&snap};
  capture::Published captures{nullptr};

  // Publishes a schedule of these picks.
  void schedule(ServiceSlot service, std::vector<uint32_t> picks);

  // A further TCP service, else like kWeb; its servers are the test's to add.
  ServiceSlot add_service(Endpoint address, std::vector<uint32_t> picks);

  // All frames as one batch through one turn; what was sent. Checks that every packet is accounted for.
  std::vector<Out> run(uint8_t port, const std::vector<Frame>& frames);
  std::vector<Out> run(uint8_t port, const Frame& frame) { return run(port, std::vector<Frame>{frame}); }
  // The frames handed to the kernel in the last run().
  std::vector<Out> kernel;

  // A packet through: opens, or is translated.
  void establish(Endpoint client = kClient);

  uint64_t dropped(DropReason reason) const { return counters.drops[static_cast<std::size_t>(reason)].get(); }
  Connection* connection(Endpoint client = kClient, Endpoint service = kWebVip,
                         Protocol protocol = Protocol::tcp) const;

  replay::MemoryIo& io() { return io_; }
  ConnectionTable& table() { return table_; }
  GracePeriods& grace() { return grace_; }

 private:
  void check_accounts() const;

  GracePeriods grace_{2};
  replay::MemoryIo io_;
  ConnectionTable table_;
  std::deque<ScheduleSlot> schedules_;
  std::vector<std::unique_ptr<const Schedule>> old_;
  Worker<replay::MemoryIo> worker_;
};

}  // namespace steelyard::test
