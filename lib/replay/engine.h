// The real worker and the real control core on memory instead of wires, told the time by the packets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/config.h"
#include "control/director.h"
#include "pipeline/worker.h"
#include "replay/memory_io.h"
#include "replay/pcap.h"

namespace steelyard::replay {

// What became of packets. received = forwarded + kernel + all drops; `originated` counts answers, whose
// causes are drops.
struct Counts {
  uint64_t received = 0, forwarded = 0, kernel = 0, originated = 0;
  std::array<uint64_t, kDropReasons> drops{};

  uint64_t dropped() const noexcept;
  bool balanced() const noexcept { return received == forwarded + kernel + dropped(); }
  Counts operator-(const Counts& before) const noexcept;
};

class Engine {
 public:
  // Starts the private EAL. Ports get the MACs of the configuration, else made-up ones (02:00:00:00:00:01 for
  // the first ...). Throws StartError, std::system_error.
  explicit Engine(const config::Config& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The time goes on to `ns` (of any clock; the first call sets its zero), never back. A step of more than 30
  // days counts as 30 days.
  void advance(int64_t ns);

  struct Result {
    Counts counts;
    std::vector<Frame> sent, kernel;  // forwarded and originated frames in order; the kernel's
  };
  // Runs frames through one turn of the worker (at most a batch), or through none for an empty list.
  Result run(std::span<const Captured> frames);
  Result run(uint8_t port, std::span<const uint8_t> frame);

  Counts counts() const;
  Ticks now() const noexcept { return ticks_; }
  control::Director& director() noexcept { return director_; }
  MemoryIo& io() noexcept { return io_; }

 private:
  Result turn();

  control::Director director_;
  MemoryIo io_;
  Worker<MemoryIo> worker_;
  std::optional<int64_t> last_ns_;
  uint64_t us_ = 0;  // of the replayed clock
  Ticks ticks_ = 0;
};

}  // namespace steelyard::replay
