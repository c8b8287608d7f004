// ovf (weighted overflow) as Linux IPVS: the server of the greatest weight among those that have no more
// active connections than their weight says, the earlier one of equals; nobody when all have more.
#include <algorithm>
#include <functional>

#include "sched/least.h"

namespace steelyard {

void fill_ovf(const Situation& situation, Schedule& out) {
  out.periodic = false;
  out.follows_load = true;
  std::vector<Candidate> servers(situation.servers.begin(), situation.servers.end());
  std::erase_if(servers, [](const Candidate& s) { return s.weight == 0; });
  if (servers.empty()) return;
  std::ranges::stable_sort(servers, std::greater{}, &Candidate::weight);
  out.picks.reserve(situation.window);
  for (Candidate& s : servers)
    for (; s.active <= s.weight && out.picks.size() < situation.window;
         open_connection(s, situation.opens_active))
      out.picks.push_back(s.server);
  out.picks.resize(situation.window, Schedule::kNobody);
}

}  // namespace steelyard
