// Erasure. The exchange of the state word to dead decides who erased a connection; it comes before the slot
// is emptied, so that (1) no transition is counted after the winner has taken the last state: transitions
// are CASes that never start from dead; (2) an inserter whose slot is gone can tell being erased from being
// killed (insert.cpp). Between the two steps the connection is in a committed slot and dead: look-ups and
// insertions treat it as absent, and who meets it, an inserter or another eraser, empties the slot.
//
// The winner retires the entry after the slot is empty; it is reused after a grace period that began later.
// Memory orders: exchange acq_rel, the slot's CAS release (seq_cst as in insert.cpp): whoever sees the empty
// slot, or any later word in it, sees the dead state.
#include "conn/table.h"

namespace steelyard {

using conn::step;

namespace {

bool is_committed_to(uint64_t word, uint32_t entry) noexcept {
  return conn::entry_of(word) == entry && conn::state_of(word) == conn::SlotState::committed;
}

}  // namespace

// Makes it dead and unlinks it; true: we did.
bool ConnectionTable::bury(Connection& entry, uint32_t* last) noexcept {
  step();
  const uint32_t was = entry.state_word.exchange(state_word(State::dead, 0), std::memory_order_acq_rel);
  const Chain chain = chain_of(hash(entry.client(), entry.protocol));
  const uint32_t index = index_of(entry);
  for (unsigned p = 0; p < kChain; ++p) {
    step();
    uint64_t word = chain.slot(p).load(std::memory_order_seq_cst);
    if (!is_committed_to(word, index)) continue;
    step();
    chain.slot(p).compare_exchange_strong(word, 0, std::memory_order_seq_cst);
    break;  // if it failed, someone else has emptied it
  }
  if ((was & 0xff) == static_cast<uint32_t>(State::dead)) return false;
  *last = was & ~(uint32_t{kWritten} << 8);
  return true;
}

bool ConnectionTable::is_committed(const Connection& entry) const noexcept {
  const Chain chain = chain_of(hash(entry.client(), entry.protocol));
  for (unsigned p = 0; p < kChain; ++p)
    if (is_committed_to(chain.slot(p).load(std::memory_order_acquire), index_of(entry))) return true;
  return false;
}

bool ConnectionTable::erase(Connection* entry, uint32_t* last) noexcept {
  if (!bury(*entry, last)) return false;
  retired_.push(*entry);
  return true;
}

}  // namespace steelyard
