// Erasure. The exchange of the state word to dead decides who erased a connection; it comes before the slot
// is emptied, so that (1) no transition is counted after the winner has taken the last state: transitions
// are CASes that never start from dead; (2) an inserter whose slot is gone can tell being erased from being
// killed (insert.cpp). Between the two steps the connection is in a committed slot and dead: look-ups and
// insertions treat it as absent, and who meets it, an inserter or another eraser, empties the slot.
//
// The winner lets the connection's template go: `link` names it until the winner retires the entry, after the
// slot is empty. The entry is reused after a grace period that began later.
// Memory orders: exchange acq_rel, the slot's CAS release (seq_cst as in insert.cpp): whoever sees the empty
// slot, or any later word in it, sees the dead state.
#include "conn/table.h"
#include "conn/template.h"

namespace steelyard {

using conn::step;

// Makes it dead and unlinks it; true: we did.
bool ConnectionTable::bury(Connection& entry, uint32_t* last, Ticks now) noexcept {
  step();
  const uint32_t was = entry.state_word.exchange(state_word(State::dead, 0), std::memory_order_acq_rel);
  const Chain chain = chain_of(hash(entry.client(), entry.protocol));
  const conn::Pattern ours = conn::committed_to(index_of(entry));
  if (const uint32_t found = chain.matches(ours); found != 0) {
    std::atomic<uint64_t>& slot = chain.slot(static_cast<unsigned>(__builtin_ctz(found)));
    step();
    uint64_t word = slot.load(std::memory_order_seq_cst);
    step();
    // If it fits no more, or the CAS fails, someone else has emptied it.
    if (conn::fits(word, ours)) slot.compare_exchange_strong(word, 0, std::memory_order_seq_cst);
  }
  if ((was & 0xff) == static_cast<uint32_t>(State::dead)) return false;
  *last = was & ~(uint32_t{kWritten} << 8);
  if (Connection* of = template_of(entry); of != nullptr) let_go(*of, now);
  return true;
}

bool ConnectionTable::is_committed(const Connection& entry) const noexcept {
  return chain_of(hash(entry.client(), entry.protocol)).matches(conn::committed_to(index_of(entry))) != 0;
}

bool ConnectionTable::erase(Connection* entry, uint32_t* last, Ticks now) noexcept {
  if (!bury(*entry, last, now)) return false;
  retired_.push(*entry);
  return true;
}

}  // namespace steelyard
