#include "control/progress.h"

#include <algorithm>
#include <cassert>

namespace steelyard::control {

std::vector<unsigned> Progress::beat(std::span<const uint64_t> turns) {
  assert(turns.size() == last_.size());
  std::vector<unsigned> changed;
  for (unsigned w = 0; w < turns.size(); ++w) {
    const bool stood = stands_still(w);
    missed_[w] = turns[w] == last_[w] ? std::min(missed_[w] + 1, kPatience) : 0;
    last_[w] = turns[w];
    if (stands_still(w) != stood) changed.push_back(w);
  }
  return changed;
}

std::vector<unsigned> Progress::standing_still() const {
  std::vector<unsigned> list;
  for (unsigned w = 0; w < missed_.size(); ++w)
    if (stands_still(w)) list.push_back(w);
  return list;
}

}  // namespace steelyard::control
