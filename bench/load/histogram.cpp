#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace steelyard::load {

// Values below 64 have a bucket each; above, the power of two gives the row and the next six bits the column.
std::size_t Histogram::bucket(uint64_t value) noexcept {
  if (value < kSub) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
  return (std::size_t{shift} + 1) * kSub + (static_cast<std::size_t>(value >> shift) - kSub);
}

uint64_t Histogram::upper_edge(std::size_t bucket) noexcept {
  if (bucket < kSub) return bucket;
  const std::size_t shift = bucket / kSub - 1;
  const uint64_t low = uint64_t{bucket % kSub + kSub} << shift;
  return low + ((uint64_t{1} << shift) - 1);
}

void Histogram::record(uint64_t value) noexcept {
  ++buckets_[bucket(value)];
  ++count_;
  max_ = std::max(max_, value);
}

uint64_t Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(static_cast<double>(count_) * std::clamp(percent, 0.0, 100.0) / 100.0);
  const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(wanted));
  uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper_edge(i), max_);
  }
  return max_;
}

}  // namespace steelyard::load
