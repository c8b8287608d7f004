#include "sched/schedule.h"

namespace steelyard {
namespace {
constexpr uint32_t version_of(uint64_t word) noexcept { return static_cast<uint32_t>(word >> 32); }
constexpr uint32_t position_of(uint64_t word) noexcept { return static_cast<uint32_t>(word); }
// Versions are compared as distances, so that they may wrap.
constexpr bool older(uint32_t a, uint32_t b) noexcept { return static_cast<int32_t>(a - b) < 0; }
}  // namespace

void ScheduleSlot::advance(uint64_t seen, const Schedule& s) noexcept {
  const uint64_t next = word(s.version, position_of(seen) - s.base);
  cursor_.compare_exchange_strong(seen, next, std::memory_order_acq_rel, std::memory_order_acquire);
}

std::optional<uint32_t> ScheduleSlot::pick(const Arrival& arrival) noexcept {
  for (;;) {
    const Schedule* s = current_.load(std::memory_order_acquire);
    if (s == nullptr || s->picks.empty()) return std::nullopt;
    if (s->is_mapping()) return s->at(hash(s->mapping, arrival));
    const uint64_t seen = cursor_.load(std::memory_order_acquire);
    if (older(version_of(seen), s->version)) {
      advance(seen, *s);
      continue;
    }
    const uint64_t taken = cursor_.fetch_add(1, std::memory_order_acq_rel);
    if (version_of(taken) == s->version) return s->at(position_of(taken));
    // The position we took belongs to a newer schedule: so does the pick.
    s = current_.load(std::memory_order_acquire);
    if (version_of(taken) == s->version) return s->at(position_of(taken));
  }
}

std::unique_ptr<const Schedule> ScheduleSlot::publish(std::unique_ptr<Schedule> next) noexcept {
  const Schedule* old = current();
  next->version = old == nullptr ? 1 : old->version + 1;
  const Schedule* published = next.release();
  current_.store(published, std::memory_order_release);
  for (uint64_t seen = cursor_.load(std::memory_order_acquire); older(version_of(seen), published->version);
       seen = cursor_.load(std::memory_order_acquire))
    advance(seen, *published);
  return std::unique_ptr<const Schedule>(old);
}

uint32_t ScheduleSlot::position() const noexcept {
  return position_of(cursor_.load(std::memory_order_acquire));
}

SequenceState ScheduleSlot::state(SequenceState initial) const noexcept {
  const Schedule* s = current();
  const uint32_t taken = position();
  if (s == nullptr || s->after.empty() || taken == 0) return initial;
  return s->after[(taken - 1) % s->after.size()];
}

}  // namespace steelyard
