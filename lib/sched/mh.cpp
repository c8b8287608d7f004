// mh (Maglev hashing) as Linux IPVS: 4093 places; servers take turns in proposing the places of a
// permutation of their own, and get the first that is free. D. Eisenbud et al.: Maglev (NSDI 2016).
#include <bit>
#include <numeric>

#include "sched/scheduler.h"

namespace steelyard {
namespace {

constexpr uint32_t kPlaces = 4093;
constexpr int kTurnBits = 6;  // a server proposes at most 63 places in one turn

struct Proposer {
  uint32_t server, turns, next, step;
};

std::vector<Proposer> proposers(std::span<const Candidate> servers) {
  uint32_t gcd = 0, most = 0;
  for (const Candidate& s : servers) gcd = std::gcd(gcd, s.weight), most = std::max(most, s.weight);
  std::vector<Proposer> out;
  if (most == 0) return out;
  const int shift = std::max(0, static_cast<int>(std::bit_width(most / gcd)) - kTurnBits);
  for (const Candidate& s : servers) {
    if (s.weight == 0) continue;
    const uint32_t value = mapping_value(s.address.address, s.address.port.host());
    out.push_back({s.server, std::max<uint32_t>(1, s.weight / gcd >> shift),
                   siphash(value, kSiphashKey) % kPlaces,
                   siphash(value, kSecondSiphashKey) % (kPlaces - 1) + 1});
  }
  return out;
}

}  // namespace

void fill_mh(const Situation& situation, Schedule& out) {
  out.mapping = {situation.options.port != 0 ? MappingKey::source_and_port : MappingKey::source,
                 MappingHash::siphash};
  std::vector<Proposer> turn = proposers(situation.servers);
  if (turn.empty()) return;
  out.picks.assign(kPlaces, Schedule::kNobody);
  for (uint32_t taken = 0;;) {
    for (Proposer& p : turn) {
      for (uint32_t i = 0; i < p.turns; ++i) {
        while (out.picks[p.next] != Schedule::kNobody) p.next = (p.next + p.step) % kPlaces;
        out.picks[p.next] = p.server;
        if (++taken == kPlaces) return;
      }
    }
  }
}

}  // namespace steelyard
