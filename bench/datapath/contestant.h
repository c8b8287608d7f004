// What the benchmark compares. A contestant first shows that its output is right, then runs timed rounds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datapath/rig.h"

namespace steelyard::bench {

// What a round took, by the thread's own CPU clock and by the time-stamp counter.
struct Round {
  uint64_t packets = 0;
  double cpu_ns = 0, tsc_ns = 0;
  Round& operator+=(const Round& other) noexcept;
};

// Starts and stops both clocks around what a thread does.
class Stopwatch {
 public:
  Stopwatch() noexcept;
  Round stop(uint64_t packets) const noexcept;

 private:
  uint64_t cpu_, tsc_;
};

struct Setting {
  uint32_t flows = 1000;
  unsigned workers = 1;
  bool affinity = true;
  bool huge_pages = false;
  Order order = Order::random;
  Sizes sizes;
  uint64_t round_packets = 2'000'000;  // of each worker, in a round
};

class Contestant {
 public:
  virtual ~Contestant() = default;
  // Before the clock. Throws WrongAnswer.
  virtual void check() {}
  // One worker's share of a round; all workers' at the same time, each in its own thread.
  virtual Round round(unsigned worker) = 0;
  // Between rounds, off the clock. Throws WrongAnswer if a packet was not treated as it should be.
  virtual void between() {}

  struct Facts {
    bool opens_connections = false;  // a round opens `connections_a_packet` for each packet
    double connections_a_packet = 0;
    std::optional<double> bytes_per_connection;
  };
  virtual Facts facts() const { return {}; }
};

// What the contestants of one setting have in common: buffers, the established connections, their packets.
class Stage {
 public:
  Stage(const Setting& setting, const BufferPool& buffers);
  const Setting& setting() const noexcept { return setting_; }
  const BufferPool& buffers() const noexcept { return buffers_; }
  // With all flows established; made when it is first asked for.
  Rig& established();
  const std::vector<uint8_t>& server_of();
  const std::vector<Spec>& traffic(unsigned worker);  // of the established flows

 private:
  void establish();
  Setting setting_;
  const BufferPool& buffers_;
  std::unique_ptr<Rig> rig_;
  std::vector<uint8_t> server_of_;
  std::vector<std::vector<Spec>> traffic_;  // by worker
};

struct ContestantKind {
  std::string_view name, what;
  std::unique_ptr<Contestant> (*make)(Stage& stage);
};
// All there are, in the order they run in.
std::span<const ContestantKind> contestants() noexcept;

// Their makers, a file each.
std::unique_ptr<Contestant> make_source(Stage& stage);
std::unique_ptr<Contestant> make_macswap(Stage& stage);
std::unique_ptr<Contestant> make_nat(Stage& stage);
std::unique_ptr<Contestant> make_miss(Stage& stage);
std::unique_ptr<Contestant> make_connect(Stage& stage);
std::unique_ptr<Contestant> make_churn(Stage& stage);

}  // namespace steelyard::bench
