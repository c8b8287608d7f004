// wrr as Linux IPVS: passes over the servers with a falling current weight; a server takes part in a pass if
// its weight reaches it. A change of servers starts a new pass at the same current weight.
#include <algorithm>
#include <numeric>

#include "sched/scheduler.h"

namespace steelyard {
namespace {

struct Weights {
  uint32_t gcd = 0, max = 0;
  uint64_t sum = 0;
};

Weights weigh(std::span<const Candidate> servers) {
  Weights w;
  for (const Candidate& s : servers) {
    w.gcd = std::gcd(w.gcd, s.weight);
    w.max = std::max(w.max, s.weight);
    w.sum += s.weight;
  }
  return w;
}

}  // namespace

void fill_wrr(const Situation& situation, Schedule& out) {
  const std::span<const Candidate> servers = situation.servers;
  const SequenceState state = situation.state;
  const Weights w = weigh(servers);
  if (w.max == 0) return;
  const uint32_t top = w.max - (w.gcd - 1);
  uint32_t level = state.level;
  if (level == 0 || level > top)
    level = top;
  else if (w.gcd > 1)
    level = level / w.gcd * w.gcd + 1;

  const uint64_t period = w.sum / w.gcd;
  out.periodic = period <= kMaxWindow;
  const std::size_t length = static_cast<std::size_t>(std::min<uint64_t>(period, kMaxWindow));
  out.picks.reserve(length);
  out.after.reserve(length);
  // A window that continues an unfinished pass goes on behind the server picked last.
  const auto last = std::ranges::find(servers, state.last, &Candidate::server);
  std::size_t i =
      state.mid_pass && last != servers.end() ? static_cast<std::size_t>(last - servers.begin()) + 1 : 0;
  while (out.picks.size() < length) {
    for (; i < servers.size() && out.picks.size() < length; ++i) {
      if (servers[i].weight < level) continue;
      out.picks.push_back(servers[i].server);
      out.after.push_back({servers[i].server, level, true});
    }
    i = 0;
    level = level > w.gcd ? level - w.gcd : top;
  }
}

}  // namespace steelyard
