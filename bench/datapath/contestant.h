// What the benchmark compares. A contestant first shows that its output is right, then runs timed rounds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datapath/established.h"

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

inline constexpr unsigned kMostWorkers = 16;

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
    std::optional<double> bytes_per_connection, seconds_to_open;
    std::optional<bool> huge_pages;   // the table's
    std::optional<double> forwarded;  // of all packets that a device brings
  };
  virtual Facts facts() const { return {}; }
};

// What the contestants of one setting have in common: buffers, the established connections, their packets.
class Arena {
 public:
  Arena(const Setting& setting, const BufferPool& buffers) : setting_(setting), buffers_(buffers) {}
  const Setting& setting() const noexcept { return setting_; }
  const BufferPool& buffers() const noexcept { return buffers_; }
  Established& established();  // made when it is first asked for

 private:
  Setting setting_;
  const BufferPool& buffers_;
  std::unique_ptr<Established> established_;
};

struct ContestantKind {
  std::string_view name, what;
  bool of_captures;  // also on packets of captures
  std::unique_ptr<Contestant> (*make)(Arena& arena);
};
// All there are, in the order they run in.
std::span<const ContestantKind> contestants() noexcept;

// Their makers, a file each.
std::unique_ptr<Contestant> make_source(Arena& arena);
std::unique_ptr<Contestant> make_macswap(Arena& arena);
std::unique_ptr<Contestant> make_nat(Arena& arena);
std::unique_ptr<Contestant> make_miss(Arena& arena);
std::unique_ptr<Contestant> make_connect(Arena& arena);
std::unique_ptr<Contestant> make_churn(Arena& arena);

}  // namespace steelyard::bench
