// Insertion. Two entries are in conflict if a packet could belong to both (match.h); at most one of them may
// be committed and alive at a time.
//
// An insertion: 1. survey the chain; a committed conflict ends it, a pending one is helped first. 2. Place
// the entry in an empty slot as PENDING, by CAS, under a new generation. 3. decide(): scan all other slots of
// the chain; remove one's own if a committed conflict is there, kill (PENDING -> empty, by CAS) each pending
// conflict at a higher position, stop at one at a lower position; at the end of a full scan commit (PENDING
// -> COMMITTED, by CAS). 4. If stopped, withdraw, decide() for the one at the lower position, start over.
// Anyone may run decide() for anyone's pending slot.
//
// One winner. Let X at position p and Y at q > p be in conflict, both committed and alive at one time. Who
// committed X scanned q after X was placed, who committed Y scanned p after Y was placed; placements and
// scans are sequentially consistent, so whichever was placed later, its committer saw the other one. If that
// is Y's: it saw X, pending at a lower position or committed, and did not commit. If it is X's: it saw Y
// committed and did not commit, or pending and killed it by the CAS of that very word, or, the CAS having
// failed, looked again. A contradiction each time. A word is never placed twice in the time in which someone
// could still hold it: generations differ within one insertion (kMostAttempts of them), and an entry that
// was visible is not reused before a grace period.
//
// Lock-freedom. No loop waits for a particular thread. An insertion starts over only because a pending
// conflict at a lower position killed it or stopped it, or since a slot it wanted was taken. Of all pending
// slots in conflict, the one at the lowest position can only be committed, or removed for a committed one
// that the next survey reports (or that was erased since): either completes some operation, and anyone's
// decide() gets it done, its owner stopped or not. Each stop names a lower position, and there are sixteen.
//
// Whose slot is gone must know whether it was killed (start over) or committed by a helper and erased since
// (done). An eraser makes the state dead before it empties the slot (erase.cpp), a killer does not touch it;
// all changes of a slot are RMWs, so that whoever sees one of its later words sees the dead state.
//
// Memory orders: slots are placed, scanned and changed with seq_cst (the store-buffer pattern above; on x86
// it costs nothing over acquire and release here). kWritten is stored with release: who reads it with acquire
// may read the whole entry.
#include "conn/match.h"
#include "conn/table.h"

namespace steelyard {

using conn::SlotState;
using conn::step;

namespace {

// Fewer than there are generations, so that no word of an insertion repeats.
constexpr unsigned kMostAttempts = 4096;
static_assert(kMostAttempts < conn::kGenerations / 2);

// The home bucket is looked at first: it is filled up to here before the other one is used at all.
constexpr unsigned kHomePreferred = 6;

uint64_t look(const std::atomic<uint64_t>& slot) noexcept {
  step();
  return slot.load(std::memory_order_seq_cst);
}

bool change(std::atomic<uint64_t>& slot, uint64_t from, uint64_t to) noexcept {
  step();
  return slot.compare_exchange_strong(from, to, std::memory_order_seq_cst);
}

// Where to place an entry, by the empty positions; `nowhere` if there are none.
unsigned best_place(uint32_t empty, unsigned nowhere) noexcept {
  constexpr uint32_t kHome = (1u << conn::kSlotsPerBucket) - 1;
  const uint32_t at_home = empty & kHome, elsewhere = empty & ~kHome;
  const auto used = [](uint32_t free) {
    return conn::kSlotsPerBucket - static_cast<unsigned>(__builtin_popcount(free));
  };
  const bool home = used(at_home) < kHomePreferred || used(at_home) <= used(elsewhere);
  const uint32_t candidates = home ? at_home : elsewhere;
  return candidates == 0 ? nowhere : static_cast<unsigned>(__builtin_ctz(candidates));
}

}  // namespace

ConnectionTable::Survey ConnectionTable::survey(const Chain& chain, const Connection& wanted) noexcept {
  Survey found;
  unsigned of_client = 0;
  const uint32_t empty = chain.matches(conn::kEmptySlot);
  for (uint32_t left = chain.matches(conn::any_with(chain.tag)) & ~empty; left != 0; left &= left - 1) {
    const auto p = static_cast<unsigned>(__builtin_ctz(left));
    const uint64_t word = look(chain.slot(p));
    const SlotState state = conn::state_of(word);
    if (state == SlotState::empty || conn::tag_of(word) != chain.tag) continue;
    Connection& c = entry(word);
    if (!conn::same_client(c, wanted)) continue;
    if (c.state() == State::dead) {
      change(chain.slot(p), word, 0);  // its eraser has come half way
      continue;
    }
    const bool conflict = conn::in_conflict(c, wanted);
    if (state == SlotState::pending) {
      if (conflict) found.pending = {p, word};
      continue;
    }
    ++of_client;
    if (!conflict) continue;
    if (conn::same_key(c, wanted)) return {Inserted::exists, &c};
    found.outcome = Inserted::server_conflict;
  }
  found.free = best_place(empty, kNowhere);
  if (found.outcome == Inserted::inserted && found.pending.position == kNowhere) {
    if (of_client >= endpoint_limit_)
      found.outcome = Inserted::endpoint_limit;
    else if (found.free == kNowhere)
      found.outcome = Inserted::bucket_full;
  }
  return found;
}

// Removes from `position` what `target`, pending elsewhere, may remove there. If it may not: why, and a
// pending obstacle becomes the target.
ConnectionTable::Obstacle ConnectionTable::clear(const Chain& chain, unsigned position,
                                                 Placed& target) noexcept {
  for (;;) {
    const uint64_t word = look(chain.slot(position));
    if (conn::state_of(word) == SlotState::empty || conn::tag_of(word) != chain.tag) return Obstacle::none;
    const Connection& c = entry(word);
    if (!conn::in_conflict(c, entry(target.word))) return Obstacle::none;
    const bool committed = conn::state_of(word) == SlotState::committed;
    if (committed && c.state() != State::dead) return Obstacle::committed;
    if (!committed && position < target.position) {
      target = {position, word};
      return Obstacle::pending;
    }
    change(chain.slot(position), word, 0);  // kill, or finish an erasure; look again whether it worked or not
  }
}

// Scans the chain on behalf of the pending slot `target` and commits or removes it. If a pending conflict at
// a lower position must be decided first: that one.
ConnectionTable::Placed ConnectionTable::decide(const Chain& chain, Placed target) noexcept {
  const Placed mine = target;
  for (uint32_t left = chain.matches(conn::any_with(chain.tag)); left != 0; left &= left - 1) {
    const auto p = static_cast<unsigned>(__builtin_ctz(left));
    if (p == mine.position) continue;
    const Obstacle obstacle = clear(chain, p, target);
    if (obstacle == Obstacle::pending) return target;
    if (obstacle == Obstacle::none) continue;
    change(chain.slot(mine.position), mine.word, 0);
    return {};
  }
  change(chain.slot(mine.position), mine.word, conn::with_state(mine.word, SlotState::committed));
  return {};
}

void ConnectionTable::help(const Chain& chain, Placed target) noexcept {
  while (target.position != kNowhere) target = decide(chain, target);
}

ConnectionTable::Fate ConnectionTable::fate_of(const Chain& chain, Placed mine) const noexcept {
  const uint64_t word = look(chain.slot(mine.position));
  if (word == mine.word) return Fate::pending;
  if (word == conn::with_state(mine.word, SlotState::committed)) return Fate::committed;
  return entry(mine.word).state(std::memory_order_acquire) == State::dead ? Fate::committed : Fate::killed;
}

// An entry that others may have seen, in its slot or by kWritten, must not be reused at once.
ConnectionTable::InsertResult ConnectionTable::lost(unsigned thread, Connection* entry, bool visible,
                                                    Survey found) noexcept {
  entry->state_word.store(state_word(State::dead, 0), std::memory_order_release);
  if (visible)
    retired_.push(*entry);
  else
    free_.give(thread, *entry);
  return {found.outcome, found.existing};
}

ConnectionTable::InsertResult ConnectionTable::insert(unsigned thread, Connection* entry,
                                                      uint64_t hash) noexcept {
  const Chain chain = chain_of(hash);
  bool visible = false;
  for (unsigned attempt = 0; attempt < kMostAttempts; ++attempt) {
    const Survey found = survey(chain, *entry);
    if (found.outcome != Inserted::inserted) return lost(thread, entry, visible, found);
    if (found.pending.position != kNowhere) {
      help(chain, found.pending);
      continue;
    }
    const uint64_t word =
        conn::make_word(chain.tag, ++entry->generation, SlotState::pending, index_of(*entry));
    const Placed mine{found.free, word};
    if (!visible) {
      const uint32_t initial = entry->state_word.load(std::memory_order_relaxed);
      entry->state_word.store(initial | uint32_t{kWritten} << 8, std::memory_order_release);
      visible = true;
    }
    if (!change(chain.slot(mine.position), 0, word)) continue;
    const Placed first = decide(chain, mine);
    Fate fate = fate_of(chain, mine);
    if (fate == Fate::pending)  // stopped by `first`: withdraw
      fate = change(chain.slot(mine.position), word, 0) ? Fate::killed : fate_of(chain, mine);
    if (fate == Fate::committed) return {Inserted::inserted};
    help(chain, first);
  }
  return lost(thread, entry, visible, {Inserted::bucket_full});
}

}  // namespace steelyard
