// wlc as Linux IPVS: the fewest connections for the weight.
#include "sched/least.h"

namespace steelyard {

void fill_wlc(const Situation& situation, Schedule& out) {
  fill_least(situation, connection_load, true, out);
}

}  // namespace steelyard
