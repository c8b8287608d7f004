// rr as Linux IPVS: the servers in turn, going on after the one picked last. Weights only say who is
// quiesced.
#include <algorithm>

#include "sched/scheduler.h"

namespace steelyard {

void fill_rr(const Situation& situation, Schedule& out) {
  const std::span<const Candidate> servers = situation.servers;
  const SequenceState state = situation.state;
  out.periodic = true;
  // A last server that is gone leaves the sequence at its start, one that is quiesced keeps its place in the
  // order.
  const auto last = std::ranges::find(servers, state.last, &Candidate::server);
  const std::size_t start = last == servers.end() ? 0 : static_cast<std::size_t>(last - servers.begin()) + 1;
  for (std::size_t i = 0; i < servers.size() && out.picks.size() < kMaxWindow; ++i) {
    const Candidate& server = servers[(start + i) % servers.size()];
    if (server.weight == 0) continue;
    out.picks.push_back(server.server);
    out.after.push_back({server.server, state.level});
  }
}

}  // namespace steelyard
