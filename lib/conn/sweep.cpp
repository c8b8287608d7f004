// The sweep goes over the entries in the order they lie in memory, which costs a fraction of going over the
// index and following it to entries all over the place.
//
// Only the control core reuses entries' memory, so it may read each entry that has kWritten (loaded with
// acquire: all of it was written before) until its own next reclaim(). Such an entry may still be pending in
// the index, or have lost: it is erased only if a committed slot names it.
#include <algorithm>

#include "conn/match.h"
#include "conn/table.h"
#include "conn/template.h"

namespace steelyard {

using conn::is_written;

// What has been found expired; its buckets are on their way to the cache.
struct ConnectionTable::Expiring {
  static constexpr unsigned kMost = 32;
  unsigned count = 0;
  std::array<Connection*, kMost> entries;
};

bool ConnectionTable::expire_template(Connection& entry, Ticks now) noexcept {
  uint32_t last = 0;
  if (!is_committed(entry) || !claim(entry) || !bury(entry, &last, now)) return false;
  retired_.add(entry);
  return true;
}

bool ConnectionTable::expire(Connection& entry, Ticks now, const SweepHooks& hooks) noexcept {
  if (is_template(entry)) return has_run_out(entry, now) && expire_template(entry, now);
  uint32_t last = 0;
  if (!is_committed(entry) || !bury(entry, &last, now)) return false;
  retired_.add(entry);
  if (hooks.expired != nullptr) hooks.expired({&entry, last}, hooks.expired_context);
  return true;
}

uint32_t ConnectionTable::expire_all(Expiring& due, Ticks now, const SweepHooks& hooks) noexcept {
  uint32_t erased = 0;
  for (unsigned i = 0; i < due.count; ++i) erased += expire(*due.entries[i], now, hooks) ? 1 : 0;
  due.count = 0;
  return erased;
}

void ConnectionTable::look_at(Connection& c, Ticks now, const SweepHooks& hooks,
                              Expiring& due) const noexcept {
  const uint32_t word = c.state_word.load(std::memory_order_acquire);
  if (!is_written(word)) return;
  const Ticks idle = idle_time(now, c.last_seen.load(std::memory_order_relaxed));
  // Longer than, not as long as: both ticks may have been almost over and just begun.
  if (idle == 0) return;
  if (is_template(c) ? !has_run_out(c, now) : idle <= hooks.timeout(c, state_in(word), hooks.timeout_context))
    return;
  const Chain chain = chain_of(hash(c.client(), c.protocol));
  __builtin_prefetch(chain.home, 1);
  __builtin_prefetch(chain.other, 1);
  due.entries[due.count++] = &c;
}

uint32_t ConnectionTable::sweep(uint64_t slots, Ticks now, const SweepHooks& hooks) noexcept {
  uint32_t erased = 0;
  Expiring due;
  slots = std::min<uint64_t>(slots, capacity_);
  while (slots > 0) {
    const uint32_t end = std::min(capacity_, free_.high_water());
    const auto run = static_cast<uint32_t>(std::min<uint64_t>(slots, capacity_ - sweep_cursor_));
    for (uint32_t i = sweep_cursor_, stop = std::min(sweep_cursor_ + run, end); i < stop; ++i) {
      look_at(entries_[i], now, hooks, due);
      if (due.count == Expiring::kMost) erased += expire_all(due, now, hooks);
    }
    slots -= run;
    sweep_cursor_ = sweep_cursor_ + run == capacity_ ? 0 : sweep_cursor_ + run;
  }
  return erased + expire_all(due, now, hooks);
}

// How far above 90 % the table is; what waits for a grace period is as good as gone.
uint32_t ConnectionTable::excess() const noexcept {
  const uint64_t gone = retired_.waiting();
  const uint32_t used = size();
  const uint64_t linked = used > gone ? used - gone : 0;
  const uint64_t limit = uint64_t{capacity_} * 9 / 10;
  return linked > limit ? static_cast<uint32_t>(linked - limit) : 0;
}

// Of a half-open connection: its age in ticks, at most kAges - 1. kAges: it is none.
uint32_t ConnectionTable::half_open_age(const Connection& entry, Ticks now) const noexcept {
  const uint32_t word = entry.state_word.load(std::memory_order_acquire);
  if (!is_written(word) || state_in(word) != State::syn_recv) return kAges;
  return std::min(idle_time(now, entry.last_seen.load(std::memory_order_relaxed)), kAges - 1);
}

void ConnectionTable::count_half_open(Ticks now, uint32_t& budget) noexcept {
  const uint32_t end = free_.high_water();
  for (; relief_.cursor < end && budget > 0; ++relief_.cursor, --budget)
    if (const uint32_t age = half_open_age(entries_[relief_.cursor], now); age < kAges) ++relief_.ages[age];
  if (relief_.cursor < end) return;
  uint64_t wanted = excess();
  relief_.oldest = kAges;
  relief_.at_oldest = 0;
  while (wanted > 0 && relief_.oldest > 0) {
    const uint32_t here = relief_.ages[--relief_.oldest];
    relief_.at_oldest = static_cast<uint32_t>(std::min<uint64_t>(here, wanted));
    wanted -= relief_.at_oldest;
  }
  relief_.oldest_seen = now - relief_.oldest;
  relief_.ages.fill(0);
  relief_.cursor = 0;
  relief_.counting = false;
}

uint32_t ConnectionTable::erase_half_open(Ticks now, uint32_t& budget, const SweepHooks& hooks) noexcept {
  const uint32_t end = free_.high_water();
  // Counted a while ago: what was of an age then is older by now.
  const uint32_t oldest = std::min(elapsed(now, relief_.oldest_seen), kAges - 1);
  uint32_t erased = 0;
  for (; relief_.cursor < end && budget > 0; ++relief_.cursor, --budget) {
    Connection& c = entries_[relief_.cursor];
    const uint32_t age = half_open_age(c, now);
    if (age < oldest || age == kAges) continue;
    if (age == oldest && relief_.at_oldest == 0) continue;
    Connection* of = template_of(c);
    if (!expire(c, now, hooks)) continue;
    // As IPVS in its defence: a template that only half-open connections have used goes with the last one.
    if (of != nullptr && !is_assured(*of)) expire_template(*of, now);
    if (age == oldest) --relief_.at_oldest;
    ++erased;
  }
  if (relief_.cursor >= end) relief_.counting = true, relief_.cursor = 0;
  return erased;
}

// Two passes over the entries in turn: count half-open connections by age, then erase from the age on that
// the count has shown to be enough. Where there are none to erase, the next round waits a second.
uint32_t ConnectionTable::relieve(Ticks now, const SweepHooks& hooks) noexcept {
  if (excess() == 0 || (relief_.resting && elapsed(now, relief_.rest_began) < kTicksPerSecond)) return 0;
  relief_.resting = false;
  uint32_t erased = 0;
  for (uint32_t budget = kRelieveSlots; budget > 0 && excess() > 0;) {
    if (relief_.counting) {
      count_half_open(now, budget);
      continue;
    }
    const uint32_t share = erase_half_open(now, budget, hooks);
    erased += share;
    relief_.erased += share;
    if (!relief_.counting) continue;
    relief_.resting = relief_.erased == 0;
    relief_.rest_began = now;
    relief_.erased = 0;
    if (relief_.resting) break;
  }
  return erased;
}

}  // namespace steelyard
