// Reading the table while workers change it: over the entries as they lie in memory, as the sweep does and by
// the same right. Only the control core reuses entries, so what it has loaded kWritten of, with acquire, is
// whole and keeps its plain fields until its own next reclaim(). State and flags are one word, taken once.
//
// An entry that has kWritten may still be pending in the index, or have lost: it counts as a connection if a
// committed slot names it after its state was loaded. It can't have become another connection meanwhile, as
// it would have had to be reused. Nothing is written.
#include <algorithm>

#include "conn/match.h"
#include "conn/table.h"

namespace steelyard {
namespace {

// So many entries' buckets are on their way to the cache at a time.
constexpr std::size_t kAhead = 32;

}  // namespace

uint32_t ConnectionTable::browse(uint32_t from, uint32_t entries, std::size_t most, Wanted wanted,
                                 const void* context, std::vector<Seen>& found) const {
  const uint32_t end = std::min(capacity_, free_.high_water());
  const uint32_t stop = from + std::min(entries, end - std::min(from, end));
  const std::size_t enough = found.size() + most;
  while (from < stop && found.size() < enough) {
    const std::size_t first = found.size();
    for (; from < stop && found.size() - first < kAhead; ++from) {
      const Connection& c = entries_[from];
      const uint32_t word = c.state_word.load(std::memory_order_acquire);
      if (!conn::is_written(word) || !wanted(c, state_in(word), context)) continue;
      const Chain chain = chain_of(hash(c.client(), c.protocol));
      __builtin_prefetch(chain.home);
      __builtin_prefetch(chain.other);
      found.push_back({&c, word, c.last_seen.load(std::memory_order_relaxed)});
    }
    const auto absent = [this](const Seen& s) { return !is_committed(*s.connection); };
    found.erase(std::remove_if(found.begin() + static_cast<long>(first), found.end(), absent), found.end());
  }
  return from < end ? from : capacity_;
}

}  // namespace steelyard
