#include "capture/ring.h"

#include <cassert>
#include <new>

namespace steelyard::capture {
namespace {

// Every position is a multiple of it; a filler needs no more than that of its fields.
constexpr uint32_t kUnit = 8;
static_assert(sizeof(Record) % 4 == 0 && offsetof(Record, filler) < kUnit);

constexpr uint32_t rounded(uint32_t bytes) noexcept { return (bytes + kUnit - 1) & ~(kUnit - 1); }

}  // namespace

Ring::Ring(std::size_t size)
    : memory_(std::make_unique<Line[]>(size / kCacheLine)), bytes_(memory_[0].bytes), mask_(size - 1) {
  assert((size & mask_) == 0 && size >= 2 * kCacheLine);
}

Record* Ring::append(uint32_t captured) noexcept {
  const uint32_t needed = rounded(static_cast<uint32_t>(sizeof(Record)) + captured);
  const auto rest = static_cast<uint32_t>(mask_ + 1 - (end_ & mask_));
  const uint32_t skipped = rest < needed ? rest : 0;
  const uint64_t new_end = end_ + skipped + needed;
  if (new_end - seen_ > mask_ + 1) {
    seen_ = consumed_.load(std::memory_order_acquire);
    if (new_end - seen_ > mask_ + 1) {
      lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return nullptr;
    }
  }
  if (skipped > 0) {
    Record& filler = at(end_);
    filler.size = skipped;
    filler.filler = true;
  }
  Record* record = new (&at(end_ + skipped)) Record;
  record->size = needed;
  record->captured = captured;
  end_ = new_end;
  return record;
}

const Record* Ring::front() noexcept {
  for (;;) {
    const uint64_t first = consumed_.load(std::memory_order_relaxed);
    if (first == published_.load(std::memory_order_acquire)) return nullptr;
    const Record& record = at(first);
    if (!record.filler) return &record;
    pop();
  }
}

void Ring::pop() noexcept {
  const uint64_t first = consumed_.load(std::memory_order_relaxed);
  consumed_.store(first + at(first).size, std::memory_order_release);
}

}  // namespace steelyard::capture
