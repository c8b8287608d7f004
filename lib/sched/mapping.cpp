#include "sched/mapping.h"

#include <bit>

namespace steelyard {
namespace {

// J.-P. Aumasson, D. J. Bernstein: SipHash, a fast short-input PRF (2012).
struct SipState {
  uint64_t v0, v1, v2, v3;
  explicit SipState(uint64_t key) noexcept
      : v0(0x736f6d6570736575 ^ key),
        v1(0x646f72616e646f6d ^ key),
        v2(0x6c7967656e657261 ^ key),
        v3(0x7465646279746573 ^ key) {}
  void round() noexcept {
    v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
  }
};

}  // namespace

uint32_t siphash(uint32_t value, uint64_t key) noexcept {
  SipState s(key);
  const uint64_t last_block = uint64_t{sizeof value} << 56 | value;
  s.v3 ^= last_block;
  s.round();
  s.v0 ^= last_block;
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) s.round();
  return static_cast<uint32_t>(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}

}  // namespace steelyard
