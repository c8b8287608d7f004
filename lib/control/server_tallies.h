// What all workers together have counted of each real server: totals, rates, and totals since somebody zeroed
// them. The workers' counters are only read. Control core only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "control/decaying_rate.h"
#include "pipeline/counters.h"

namespace steelyard::control {

// In the words of IPVS.
struct Totals {
  uint64_t connections = 0;
  int64_t active = 0, inactive = 0;
  uint64_t packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
  Totals& operator+=(const Totals& other) noexcept;
};

// Per second.
struct Rates {
  double connections = 0, packets_in = 0, packets_out = 0, bytes_in = 0, bytes_out = 0;
  Rates& operator+=(const Rates& other) noexcept;
};

class ServerTallies {
 public:
  // `workers` outlives this object; each has, from the first call on, counters of `servers` servers.
  ServerTallies(const std::vector<std::unique_ptr<WorkerCounters>>& workers, std::size_t servers);

  Totals total(ServerSlot server) const noexcept;  // since the start
  // Since zero(), but for active and inactive: they say what is, not what has been.
  Totals shown(ServerSlot server) const noexcept;
  Rates rates(ServerSlot server) const noexcept;

  // As `ipvsadm -Z`: counts and rates begin anew.
  void zero(ServerSlot server) noexcept;

  // Every millisecond or so: a share of the servers, all of them in two seconds.
  void tick(std::chrono::milliseconds now) noexcept;

 private:
  struct Tally {
    Totals zero;
    DecayingRate connections, packets_in, packets_out, bytes_in, bytes_out;
    std::chrono::milliseconds updated{};
  };
  void update(ServerSlot server, std::chrono::milliseconds now) noexcept;

  const std::vector<std::unique_ptr<WorkerCounters>>& workers_;
  std::vector<Tally> tallies_;
  std::optional<std::chrono::milliseconds> round_;  // when it began
  std::size_t next_ = 0;
};

}  // namespace steelyard::control
