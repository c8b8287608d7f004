// dh (destination hashing) as Linux IPVS: 256 places that the servers take in turn, whatever their weights;
// the virtual address says which one counts. A quiesced server keeps its places and refuses who comes to
// them; one that is down leaves them to the others.
#include "sched/scheduler.h"

namespace steelyard {

void fill_dh(const Situation& situation, Schedule& out) {
  constexpr std::size_t kPlaces = 256;
  out.mapping = {MappingKey::destination, MappingHash::multiplicative};
  std::vector<uint32_t> turn;
  for (const Candidate& s : situation.servers)
    if (s.weight_up == 0) turn.push_back(s.weight > 0 ? s.server : Schedule::kNobody);
  for (std::size_t i = 0; i < kPlaces && !turn.empty(); ++i) out.picks.push_back(turn[i % turn.size()]);
}

}  // namespace steelyard
