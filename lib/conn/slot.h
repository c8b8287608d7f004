// The index's unit: a slot is one 64-bit word, a bucket one cache line of eight. Every change of a word is a
// compare-and-swap of the whole word, so tag, generation, state and entry always belong together.
//
//   bits  0-31  entry: index of the Connection
//        32-33  state
//        34-47  generation: of the attempt to insert the entry, so that who is late cannot hit a later one
//        48-63  tag: bits of the key's hash
//
// An empty slot is zero. Public for the table's own files and tests only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "base/types.h"

#if defined(__SANITIZE_THREAD__)
#define STEELYARD_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STEELYARD_TSAN 1
#endif
#endif

namespace steelyard::conn {

// Called before every access to shared memory by an operation that writes. Nothing, unless a test compiles
// the table with a step() of its own, which may stop the thread there.
#ifdef STEELYARD_CONN_STEP
void step() noexcept;
#else
inline void step() noexcept {}
#endif

enum class SlotState : uint8_t { empty = 0, pending = 1, committed = 2 };

inline constexpr unsigned kSlotsPerBucket = 8;
inline constexpr uint64_t kStateMask = uint64_t{3} << 32;
inline constexpr uint32_t kGenerations = 1u << 14;
inline constexpr uint32_t kNoEntry = ~uint32_t{0};

constexpr uint64_t make_word(uint16_t tag, uint32_t generation, SlotState state, uint32_t entry) noexcept {
  return uint64_t{tag} << 48 | uint64_t{generation % kGenerations} << 34 |
         uint64_t{static_cast<uint8_t>(state)} << 32 | entry;
}
constexpr uint32_t entry_of(uint64_t word) noexcept { return static_cast<uint32_t>(word); }
constexpr uint16_t tag_of(uint64_t word) noexcept { return static_cast<uint16_t>(word >> 48); }
constexpr SlotState state_of(uint64_t word) noexcept { return static_cast<SlotState>(word >> 32 & 3); }
constexpr uint64_t with_state(uint64_t word, SlotState state) noexcept {
  return (word & ~kStateMask) | uint64_t{static_cast<uint8_t>(state)} << 32;
}

// What to look for in a bucket: words that equal `bits` where `mask` says.
struct Pattern {
  uint64_t mask, bits;
};
// Committed slots of keys with this tag.
constexpr Pattern committed_with(uint16_t tag) noexcept {
  return {uint64_t{0xffff} << 48 | kStateMask, make_word(tag, 0, SlotState::committed, 0)};
}
// All slots of keys with this tag (and, if it is 0, the empty ones).
constexpr Pattern any_with(uint16_t tag) noexcept { return {uint64_t{0xffff} << 48, uint64_t{tag} << 48}; }
// The slot in which this entry is committed.
constexpr Pattern committed_to(uint32_t entry) noexcept {
  return {kStateMask | 0xffffffff, make_word(0, 0, SlotState::committed, entry)};
}
inline constexpr Pattern kEmptySlot{~uint64_t{0}, 0};

constexpr bool fits(uint64_t word, Pattern p) noexcept { return (word & p.mask) == p.bits; }

struct alignas(kCacheLine) Bucket {
  std::array<std::atomic<uint64_t>, kSlotsPerBucket> slots;
};
static_assert(sizeof(Bucket) == kCacheLine);

// The slots that fit, as bits. Whoever takes up a bit loads its slot anew, with acquire: it may have changed.
// A slot whose bit is missing did not fit at one moment after the caller's last seq_cst operation.
inline uint32_t matches(const Bucket& bucket, Pattern p) noexcept {
#if defined(__AVX512F__) && !defined(STEELYARD_TSAN) && !defined(STEELYARD_CONN_STEP)
  // As below, the whole line at once.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const __m512i differ =
      _mm512_xor_si512(_mm512_load_si512(&bucket), _mm512_set1_epi64(static_cast<int64_t>(p.bits)));
  return _mm512_testn_epi64_mask(differ, _mm512_set1_epi64(static_cast<int64_t>(p.mask)));
#elif defined(__AVX2__) && !defined(STEELYARD_TSAN) && !defined(STEELYARD_CONN_STEP)
  // A vector load reads each naturally aligned 64-bit word whole, and x86 does not reorder loads with locked
  // instructions or with each other, so this is as good as eight seq_cst loads. The compiler must load anew.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const auto* line = reinterpret_cast<const __m256i*>(&bucket);
  const __m256i mask = _mm256_set1_epi64x(static_cast<int64_t>(p.mask));
  const __m256i bits = _mm256_set1_epi64x(static_cast<int64_t>(p.bits));
  const auto half = [&](int i) {
    const __m256i equal = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_load_si256(line + i), mask), bits);
    return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
  };
  return half(0) | half(1) << 4;
#else
  uint32_t found = 0;
  for (unsigned i = 0; i < kSlotsPerBucket; ++i) {
    step();
    found |= static_cast<uint32_t>(fits(bucket.slots[i].load(std::memory_order_seq_cst), p)) << i;
  }
  return found;
#endif
}

}  // namespace steelyard::conn
