// sed (shortest expected delay) as Linux IPVS: the fewest active connections for the weight, the new one
// counted in.
#include "sched/least.h"

namespace steelyard {

void fill_sed(const Situation& situation, Schedule& out) {
  fill_least(
      situation, [](const Candidate& s) noexcept { return uint64_t{s.active} + 1; }, true, out);
}

}  // namespace steelyard
