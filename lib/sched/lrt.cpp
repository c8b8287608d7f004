// lrt (least response time): as sed, but each active connection counts as long as the server took lately to
// answer a SYN. A server that has not answered any yet counts as a little quicker than the quickest, so that
// it is tried.
#include <algorithm>
#include <limits>

#include "sched/least.h"

namespace steelyard {
namespace {

constexpr uint32_t kMost = (1 << 24) - 1;  // microseconds and connections, so that a load stays below 2^48

uint64_t waiting(const Candidate& s) noexcept {
  return uint64_t{std::min(s.active, kMost) + 1} * std::clamp<uint32_t>(s.response_us, 1, kMost);
}

}  // namespace

void fill_lrt(const Situation& situation, Schedule& out) {
  uint32_t quickest = std::numeric_limits<uint32_t>::max();
  for (const Candidate& s : situation.servers)
    if (s.response_us > 0 && s.weight > 0) quickest = std::min(quickest, s.response_us);
  std::vector<Candidate> servers(situation.servers.begin(), situation.servers.end());
  for (Candidate& s : servers)
    if (s.response_us == 0) s.response_us = std::max<uint32_t>(1, quickest - 1);
  Situation measured = situation;
  measured.servers = servers;
  fill_least(measured, waiting, true, out);
}

}  // namespace steelyard
