// The control core's part of the director without its event loop: it owns the connection table, the slots of
// services and servers, their schedules and the published snapshot, and is told the time. The daemon drives
// it from its loop, replay and tests from packet timestamps. All functions are called by the control core's
// thread alone; workers use what shared() and counters() hand out.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/grace.h"
#include "config/config.h"
#include "conn/sweep_pace.h"
#include "conn/table.h"
#include "control/captures.h"
#include "control/next_hops.h"
#include "control/schedules.h"
#include "control/server_tallies.h"
#include "control/worker_loads.h"
#include "health/rise_fall.h"
#include "pipeline/counters.h"
#include "pipeline/limits.h"
#include "pipeline/shared.h"
#include "service/network.h"
#include "service/snapshot.h"

namespace steelyard::control {

struct DirectorOptions {
  unsigned workers = 1;
  std::array<uint64_t, 2> hash_seed{};
  bool huge_pages = false;
  bool health_checks = false;      // somebody runs them and tells set_health(); else every server is up
  uint64_t cycles_per_second = 0;  // of the time-stamp counter; 0: not known, stages show no times
};

// Who gets a service's new connections: the servers that are up; nobody yet, as none has been checked;
// nobody, as all are down; or every server although all are down (when_all_down: use_all).
enum class Availability : uint8_t { up, checking, down, use_all };
std::string_view to_string(Availability a) noexcept;

struct ServerView {
  Endpoint address;
  uint32_t weight = 0;
  health::State state = health::State::up;  // also where nothing checks it
  std::string reason;                       // why it is down
  Totals totals;                            // since they were zeroed
  Rates rates;
};

struct ServiceView {
  std::string name;
  Endpoint address;
  Protocol protocol = Protocol::none;
  std::string scheduler;
  std::vector<std::string> scheduler_options;
  Availability state = Availability::down;
  Totals totals;
  Rates rates;
  std::vector<ServerView> servers;
};

// In a few numbers. Servers are counted once for each service, those of weight 0 not at all.
struct Summary {
  std::size_t services = 0, servers = 0, servers_up = 0;
  uint32_t connections = 0;
  std::vector<std::string> down;  // names of services that nobody serves
};

class Director {
 public:
  // `ports` in the order of the configuration, with MAC and MTU; their addresses are taken from the
  // configuration. Throws std::system_error when the connection table finds no memory.
  Director(const config::Config& config, std::vector<PortInfo> ports, const DirectorOptions& options);
  ~Director();
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;

  // For workers: thread ids 0 .. workers-1.
  Shared shared() noexcept { return {*table_, grace_, snapshot_, captures_.published()}; }
  WorkerCounters& counters(unsigned worker) noexcept { return *counters_[worker]; }
  Limits limits() const noexcept;  // one worker's share

  // One step: a share of the sweep (a whole pass in at most 4 s), reclamation, schedules that run out, follow
  // loads or whose servers' health has changed. `now_ms`: milliseconds of the boot clock, never
  // going back. Returns the tick that workers are to be told.
  Ticks tick(uint64_t now_ms);

  // Routes and neighbours as the kernel has them; those of the configuration always count too.
  void set_network(Network network);

  // Replaces all services in one step. What stays (service: protocol and endpoint; server: endpoint) keeps
  // its slot, its counters and its place in the sequence of picks; connections of what goes live on.
  void set_services(const std::vector<config::Service>& services);

  // What checks have found out about a server of a service: only who is up gets new connections, from the
  // next tick() on; existing ones go on. Returns what the service has become, if that is another than before.
  // Nothing happens if there is no such server.
  std::optional<Availability> set_health(Protocol protocol, Endpoint service, Endpoint server,
                                         health::State state, std::string reason);

  // Packets that workers counted as forwarded but left to wait for their next hop's MAC, in vain.
  void count_unsent(std::size_t packets) noexcept;

  std::vector<ServiceView> services() const;
  Summary summary() const;
  std::vector<WorkerView> workers() const;
  // As `ipvsadm -Z`, of one service (false: there is none of that name) or of all.
  bool zero(std::string_view service) noexcept;
  void zero() noexcept;
  // For those who look at connections: what their slots stand for, also when the service is gone.
  const std::string& service_name(ServiceSlot service) const noexcept;
  const VirtualService& service(ServiceSlot service) const noexcept;
  const std::string& group_name(ServiceSlot service) const noexcept;  // of its persistence; "": none
  bool has_service(std::string_view name) const noexcept;
  Ticks timeout(ServiceSlot service, State state) const noexcept;
  Ticks now() const noexcept { return static_cast<Ticks>(last_ms_ / static_cast<uint64_t>(kTick.count())); }
  std::array<uint64_t, kDropReasons> drops() const;
  struct Packets {
    uint64_t received = 0, forwarded = 0, kernel = 0, originated = 0;
  };
  Packets packets() const;
  const Schedules::Statistics& schedules() const noexcept { return schedules_.statistics(); }
  const Snapshot& snapshot() const noexcept { return *snapshot_.load(std::memory_order_relaxed); }
  const ConnectionTable& table() const noexcept { return *table_; }
  GracePeriods& grace() noexcept { return grace_; }
  Captures& captures() noexcept { return captures_; }
  const config::Config& config() const noexcept { return config_; }

 private:
  struct ServiceState;
  void publish();
  SchedulePlan plan(ServiceState& service) const;
  bool serves(ServiceState& service, ServerSlot server) const noexcept;
  void tell_serving(ServiceState& service) noexcept;
  Persistence persistence_of(ServiceSlot slot, const config::Service& wanted);
  void add_server_tables(Snapshot& next) const;
  void compile_stale();
  void settle_health(ServiceState& service, const std::vector<config::Server>& wanted);
  void forget_health(const std::vector<bool>& listed);
  void free_retired();
  ServerSlot server_slot(ServiceSlot service, Endpoint address);
  static Ticks timeout_of(const Connection& c, State s, const void* self) noexcept;
  static void account_expired(const ConnectionTable::Expired& e, void* self) noexcept;

  config::Config config_;
  DirectorOptions options_;
  std::vector<PortInfo> ports_;
  GracePeriods grace_;
  Captures captures_{grace_, options_.workers};
  std::unique_ptr<ConnectionTable> table_;
  std::vector<std::unique_ptr<WorkerCounters>> counters_;  // workers, then the control core's own
  ServerTallies tallies_;
  WorkerLoads loads_;
  Schedules schedules_;
  std::vector<std::unique_ptr<ServiceState>> services_;  // by slot; null: free
  std::vector<RealServer> servers_;                      // by slot
  struct ServerHealth {
    bool checked = false;
    health::State state = health::State::up;
    std::string reason;
  };
  std::vector<ServerHealth> health_;                    // by ServerSlot
  std::vector<std::atomic<bool>> serving_;              // by ServerSlot, as Snapshot::serving
  std::map<std::string, uint16_t> persistence_groups_;  // the numbers of their templates
  std::vector<ServiceSlot> stale_;  // whose schedules are older than their servers' health
  std::map<std::pair<ServiceSlot, Endpoint>, ServerSlot> server_slots_;
  std::vector<Ipv4> local_;
  NextHops next_hops_;
  uint16_t route_epoch_ = 1;
  uint64_t version_ = 0;
  std::atomic<const Snapshot*> snapshot_{nullptr};
  uint64_t last_ms_ = 0;
  SweepPace sweep_pace_;
  bool started_ = false;
  struct Retired {
    GracePeriods::Token token;
    std::unique_ptr<const Snapshot> snapshot;
  };
  std::deque<Retired> old_snapshots_;
};

}  // namespace steelyard::control
