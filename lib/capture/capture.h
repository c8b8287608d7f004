// The captures that run, as workers see them: one immutable `Active` behind one atomic pointer, which is null
// while there is none. A worker loads it once a turn and keeps nothing of it beyond the turn; the control
// core frees a replaced one, and captures that have ended, after a grace period.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "capture/filter.h"
#include "capture/ring.h"

namespace steelyard::capture {

inline constexpr unsigned kMostCaptures = 4;  // at once
inline constexpr std::size_t kRingBytes = std::size_t{1} << 20;

class Capture {
 public:
  // One ring for each thread that sees packets: the workers, and the control core as the last.
  Capture(const Filter& filter, unsigned threads, std::size_t ring_bytes = kRingBytes) : filter_(filter) {
    for (unsigned i = 0; i < threads; ++i) rings_.push_back(std::make_unique<Ring>(ring_bytes));
  }
  const Filter& filter() const noexcept { return filter_; }
  Ring& ring(unsigned thread) noexcept { return *rings_[thread]; }

  // --- The control core's.
  // The oldest packet, and which ring it is in; null: there is none. Nearly in order of time: a worker may
  // publish a turn's packets later than another one its newer ones.
  const Record* front(std::size_t& ring) noexcept;
  void pop(std::size_t ring) noexcept { rings_[ring]->pop(); }
  uint64_t lost() const noexcept;

 private:
  Filter filter_;
  std::vector<std::unique_ptr<Ring>> rings_;
};

struct Active {
  std::array<Capture*, kMostCaptures> captures{};
  unsigned size = 0;
};
using Published = std::atomic<const Active*>;

// For those who never capture.
inline constexpr Published kNone{nullptr};

// A frame of the control core's own that leaves by `port`.
void record_sent(Capture& capture, unsigned thread, uint8_t port, std::span<const uint8_t> frame,
                 uint32_t us) noexcept;

}  // namespace steelyard::capture
