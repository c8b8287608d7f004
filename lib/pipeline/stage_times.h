// Where a worker's time goes: one turn in kTimedEvery of those that have packets is timed, stage by stage.
// The ordinary turns know nothing of it (worker_impl.h).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include <rte_cycles.h>

#include "net/batch.h"
#include "pipeline/counter.h"

namespace steelyard {

// `answer` is what follows on drops and packets for the kernel (answers, rate classes); `send` ends the turn.
enum class Stage : uint8_t { receive, parse, find, open, track, rewrite, answer, send, count };
inline constexpr std::size_t kStages = static_cast<std::size_t>(Stage::count);
inline constexpr uint32_t kTimedEvery = 1024;  // a power of two

// Batches of 1, 2-3, 4-7, 8-15, 16-31 and 32 packets.
inline constexpr std::size_t kBatchClasses = std::bit_width(unsigned{kBatchSize});
constexpr std::size_t batch_class(uint16_t packets) noexcept {
  return std::bit_width(unsigned{packets}) - std::size_t{1};
}

// Sums over the timed turns.
struct StageTimes {
  std::array<Counter, kStages> cycles;  // of the time-stamp counter
  Counter turns, packets;
  std::array<Counter, kBatchClasses> batches;  // turns, by batch_class()
};

// The stopwatch of an ordinary turn.
struct NoStopwatch {
  void begin(uint16_t) noexcept {}
  void lap(Stage) noexcept {}
};

class Stopwatch {
 public:
  explicit Stopwatch(StageTimes& times) noexcept : times_(times), last_(rte_rdtsc()) {}
  // What has passed so far was Stage::receive, of a turn that has packets.
  void begin(uint16_t packets) noexcept {
    lap(Stage::receive);
    times_.turns.add();
    times_.packets.add(packets);
    times_.batches[batch_class(packets)].add();
  }
  void lap(Stage s) noexcept {
    const uint64_t now = rte_rdtsc();
    times_.cycles[static_cast<std::size_t>(s)].add(now - last_);
    last_ = now;
  }

 private:
  StageTimes& times_;
  uint64_t last_;
};

}  // namespace steelyard
