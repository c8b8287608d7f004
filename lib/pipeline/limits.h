// Rates a worker keeps to: kernel path classes and answers it originates. One worker's share of the
// configured rate.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "base/time.h"
#include "net/verdict.h"

namespace steelyard {

inline constexpr uint32_t kUnlimited = std::numeric_limits<uint32_t>::max();

// Packets a second, per worker.
struct Limits {
  std::array<uint32_t, kKernelClasses> kernel;  // by KernelClass
  uint32_t icmp_errors = 1000;                  // time exceeded, fragmentation needed, port unreachable
  uint32_t resets = 10000;                      // RST
};

// A token bucket that holds one second's worth and is refilled at each tick.
class TokenBucket {
 public:
  TokenBucket() = default;
  explicit TokenBucket(uint32_t rate) noexcept : rate_(rate), tokens_(rate) {}

  bool take(Ticks now) noexcept {
    if (rate_ == kUnlimited) return true;
    if (now != filled_) refill(now);
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  void refill(Ticks now) noexcept {
    const uint64_t ticks = elapsed(now, filled_);
    const uint64_t earned = (ticks * rate_ + carry_) / kTicksPerSecond;
    carry_ = static_cast<uint32_t>((ticks * rate_ + carry_) % kTicksPerSecond);
    tokens_ = static_cast<uint32_t>(earned + tokens_ > rate_ ? rate_ : earned + tokens_);
    filled_ = now;
  }
  uint32_t rate_ = kUnlimited, tokens_ = 0, carry_ = 0;
  Ticks filled_ = 0;
};

struct RateLimits {
  explicit RateLimits(const Limits& limits) noexcept
      : icmp_errors(limits.icmp_errors), resets(limits.resets) {
    for (std::size_t i = 0; i < kKernelClasses; ++i) kernel[i] = TokenBucket(limits.kernel[i]);
  }
  std::array<TokenBucket, kKernelClasses> kernel;
  TokenBucket icmp_errors, resets;
};

}  // namespace steelyard
