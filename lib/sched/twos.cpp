// twos (weighted power of two choices) as Linux IPVS: of two servers drawn at random by weight, the one with
// the fewer connections for its weight, the first one of equals.
// M. Mitzenmacher: The Power of Two Choices in Randomized Load Balancing (2001).
#include <algorithm>

#include "sched/least.h"

namespace steelyard {
namespace {

// Draws by weight; splitmix64 (S. Vigna, public domain) as its source.
class Lots {
 public:
  Lots(std::span<const Candidate> servers, uint64_t seed) : state_(seed) {
    for (const Candidate& s : servers) sums_.push_back((sums_.empty() ? 0 : sums_.back()) + s.weight);
  }
  std::size_t draw() noexcept {
    const uint64_t lot = (next() >> 32) * sums_.back() >> 32;
    return static_cast<std::size_t>(std::ranges::upper_bound(sums_, lot) - sums_.begin());
  }

 private:
  uint64_t next() noexcept {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  uint64_t state_;
  std::vector<uint64_t> sums_;  // of weights, at most 2^32
};

}  // namespace

void fill_twos(const Situation& situation, Schedule& out) {
  out.periodic = false;
  out.follows_load = true;
  std::vector<Candidate> servers(situation.servers.begin(), situation.servers.end());
  std::erase_if(servers, [](const Candidate& s) { return s.weight == 0; });
  if (servers.empty()) return;
  Lots lots(servers, situation.random);
  out.picks.reserve(situation.window);
  for (uint32_t i = 0; i < situation.window; ++i) {
    Candidate &a = servers[lots.draw()], &b = servers[lots.draw()];
    Candidate& chosen = connection_load(b) * a.weight < connection_load(a) * b.weight ? b : a;
    open_connection(chosen, situation.opens_active);
    out.picks.push_back(chosen.server);
  }
}

}  // namespace steelyard
