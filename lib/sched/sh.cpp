// sh (source hashing) as Linux IPVS: 256 places that the servers take in turn, as many at a time as their
// weights say (one if that is 0); the client's address, with sh-port its port too, says which one counts.
// Quiesced servers refuse who comes to their places. A server that is down is left out; with sh-fallback it
// keeps its places, so that no other client is moved, and who comes to a place of an unusable server gets
// another one as with IPVS.
#include <algorithm>

#include "sched/scheduler.h"

namespace steelyard {
namespace {

constexpr uint32_t kPlaces = 256;

// The indices of the servers in their places.
std::vector<uint32_t> places(std::span<const Candidate> servers, bool with_down) {
  std::vector<uint32_t> in, places;
  for (uint32_t i = 0; i < servers.size(); ++i)
    if (with_down || servers[i].weight_up == 0) in.push_back(i);
  if (in.empty()) return places;
  for (std::size_t turn = 0; places.size() < kPlaces; turn = (turn + 1) % in.size()) {
    const Candidate& s = servers[in[turn]];
    const uint32_t share = std::max({s.weight, s.weight_up, uint32_t{1}});
    places.insert(places.end(), std::min<std::size_t>(share, kPlaces - places.size()), in[turn]);
  }
  return places;
}

}  // namespace

void fill_sh(const Situation& situation, Schedule& out) {
  const bool fallback = situation.options.fallback != 0, port = situation.options.port != 0;
  out.mapping = {port ? MappingKey::source_and_port : MappingKey::source, MappingHash::multiplicative};
  const std::vector<uint32_t> owners = places(situation.servers, fallback);
  if (owners.empty()) return;
  const auto pick = [&](uint32_t place) {
    const Candidate& s = situation.servers[owners[place % kPlaces]];
    return s.weight > 0 ? s.server : Schedule::kNobody;
  };
  for (uint32_t place = 0; place < kPlaces; ++place) {
    uint32_t server = pick(place);
    // IPVS tries the places from twice the first one on.
    for (uint32_t i = 0; fallback && server == Schedule::kNobody && i < kPlaces; ++i)
      server = pick(2 * place + i);
    out.picks.push_back(server);
  }
}

}  // namespace steelyard
