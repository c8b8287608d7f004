// Latencies in logarithmic buckets, as HdrHistogram keeps them: 64 buckets for each power of two, so a value
// is known to within 1/64 and the size is fixed. Not safe for several threads at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace steelyard::load {

class Histogram {
 public:
  void record(uint64_t value) noexcept;

  uint64_t count() const noexcept { return count_; }
  uint64_t max() const noexcept { return max_; }

  // The smallest recorded value (to within 1/64, never below it) that `percent` of all values do not exceed;
  // 0 when nothing was recorded.
  uint64_t percentile(double percent) const noexcept;

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = kSub * (64 - kSubBits + 1);

  static std::size_t bucket(uint64_t value) noexcept;
  static uint64_t upper_edge(std::size_t bucket) noexcept;

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace steelyard::load
