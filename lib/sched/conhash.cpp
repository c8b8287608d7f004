// conhash: a consistent hash. Each server proposes the places of a permutation of its own at times of its
// own: the k-th at (k + its phase) / its weight. A place belongs to whoever proposes it first. Since neither
// permutation nor times depend on other servers, one that leaves gives up its own places and moves no other,
// and one that joins or gains weight takes places and moves nothing between others.
//
// With bounded-load, a server that has more active connections than that share of the mean for its weight is
// full: its places go to servers that are not, spread as the places themselves are, until it has room again.
// V. Mirrokni, M. Thorup, M. Zadimoghaddam: Consistent Hashing with Bounded Loads (SODA 2018).
#include <algorithm>
#include <numeric>

#include "sched/scheduler.h"

namespace steelyard {
namespace {

constexpr uint32_t kPlaces = 65521;              // prime
constexpr uint64_t kSecond = uint64_t{1} << 40;  // in which a server of weight 1 proposes one place

struct Proposer {
  uint32_t server;
  uint32_t place, step;
  uint64_t time, interval;
};

std::vector<Proposer> proposers(std::span<const Candidate> servers) {
  std::vector<Proposer> out;
  for (const Candidate& s : servers) {
    if (s.weight == 0) continue;
    const uint32_t value = mapping_value(s.address.address, s.address.port.host());
    const uint32_t first = siphash(value, kSiphashKey), second = siphash(value, kSecondSiphashKey);
    const uint64_t interval = kSecond / s.weight;
    out.push_back({s.server, first % kPlaces, second % (kPlaces - 1) + 1,
                   interval * (siphash(first ^ second, kSiphashKey) >> 12) >> 20, interval});
  }
  return out;
}

// Whose each place is. Time goes on in slices, so that the proposals of all servers need not be sorted.
std::vector<uint32_t> share_out(std::span<const Candidate> servers) {
  std::vector<Proposer> all = proposers(servers);
  if (all.empty()) return {};
  uint64_t weights = 0;
  for (const Candidate& s : servers) weights += s.weight;
  const uint64_t slice = kPlaces / 4 * kSecond / weights;  // in which about so many places are proposed
  std::vector<uint32_t> owners(kPlaces, Schedule::kNobody);
  std::vector<uint64_t> since(kPlaces, ~uint64_t{0});
  uint32_t taken = 0;
  for (uint64_t end = slice; taken < kPlaces; end += slice) {
    for (Proposer& p : all) {
      for (; p.time < end; p.time += p.interval, p.place = (p.place + p.step) % kPlaces) {
        if (p.time >= since[p.place]) continue;
        if (owners[p.place] == Schedule::kNobody) ++taken;
        owners[p.place] = p.server;
        since[p.place] = p.time;
      }
    }
  }
  return owners;
}

bool is_full(const Candidate& s, uint64_t percent, uint64_t active, uint64_t weights) noexcept {
  // active < ceil(percent / 100 * (all active + 1) * weight / all weights)
  const uint64_t room = (percent * (active + 1) * s.weight + 100 * weights - 1) / (100 * weights);
  return s.active >= room;
}

// By server slot. Empty: nobody is full.
std::vector<bool> full_servers(const Situation& situation) {
  uint64_t active = 0, weights = 0;
  std::size_t slots = 0;
  for (const Candidate& s : situation.servers) {
    weights += s.weight;
    if (s.weight > 0) active += s.active;
    slots = std::max<std::size_t>(slots, s.server + std::size_t{1});
  }
  std::vector<bool> full(slots);
  bool any = false;
  for (const Candidate& s : situation.servers)
    if (s.weight > 0 && is_full(s, situation.options.bounded_load, active, weights))
      any = full[s.server] = true;
  return any ? full : std::vector<bool>{};
}

uint32_t next_with_room(const std::vector<uint32_t>& owners, const std::vector<bool>& full, uint32_t place) {
  const uint32_t step = siphash(place, kSecondSiphashKey) % (kPlaces - 1) + 1;
  for (uint32_t i = 0; full[owners[place]] && i < kPlaces; ++i) place = (place + step) % kPlaces;
  return owners[place];
}

}  // namespace

void fill_conhash(const Situation& situation, Schedule& out) {
  out.mapping = {MappingKey::source, MappingHash::siphash};
  out.follows_load = situation.options.bounded_load != 0;
  if (!out.follows_load) {
    out.picks = share_out(situation.servers);
    return;
  }
  out.owners = situation.previous != nullptr ? situation.previous->owners : share_out(situation.servers);
  out.picks = out.owners;
  const std::vector<bool> full = full_servers(situation);
  if (full.empty()) return;
  for (uint32_t place = 0; place < out.picks.size(); ++place)
    if (full[out.owners[place]]) out.picks[place] = next_with_room(out.owners, full, place);
}

}  // namespace steelyard
