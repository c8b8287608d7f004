// lc as Linux IPVS: the fewest connections. Weights only say who is quiesced.
#include "sched/least.h"

namespace steelyard {

void fill_lc(const Situation& situation, Schedule& out) {
  fill_least(situation, connection_load, false, out);
}

}  // namespace steelyard
