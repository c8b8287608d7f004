// fo (weighted failover) as Linux IPVS: the usable server of the greatest weight, the earlier one of equals.
#include <algorithm>

#include "sched/scheduler.h"

namespace steelyard {

void fill_fo(const Situation& situation, Schedule& out) {
  const auto best = std::ranges::max_element(situation.servers, {}, &Candidate::weight);
  if (best == situation.servers.end() || best->weight == 0) return;
  out.picks = {best->server};
}

}  // namespace steelyard
