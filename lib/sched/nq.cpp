// nq (never queue) as Linux IPVS: the first idle server if there is one, else as sed.
#include "sched/least.h"

namespace steelyard {

void fill_nq(const Situation& situation, Schedule& out) {
  fill_least(
      situation, [](const Candidate& s) noexcept { return s.active == 0 ? 0 : uint64_t{s.active} + 1; }, true,
      out);
}

}  // namespace steelyard
