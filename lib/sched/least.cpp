#include "sched/least.h"

#include <algorithm>

namespace steelyard {
namespace {

struct Contender {
  uint64_t load;
  uint32_t weight;
  uint32_t order;
  Candidate server;

  bool before(const Contender& other) const noexcept {
    const uint64_t mine = load * other.weight, theirs = other.load * weight;
    return mine != theirs ? mine < theirs : order < other.order;
  }
};

// The first of `heap` has become heavier: it sinks to its place.
void sink(std::vector<Contender>& heap) noexcept {
  std::size_t at = 0;
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heap.size()) return;
    if (child + 1 < heap.size() && heap[child + 1].before(heap[child])) ++child;
    if (!heap[child].before(heap[at])) return;
    std::swap(heap[at], heap[child]);
    at = child;
  }
}

}  // namespace

void fill_least(const Situation& situation, Load load, bool weighted, Schedule& out) {
  out.periodic = false;
  out.follows_load = true;
  std::vector<Contender> heap;
  heap.reserve(situation.servers.size());
  uint32_t order = 0;
  for (const Candidate& s : situation.servers)
    if (s.weight > 0) heap.push_back({load(s), weighted ? s.weight : 1, order++, s});
  if (heap.empty()) return;
  std::ranges::make_heap(heap, [](const Contender& a, const Contender& b) { return b.before(a); });
  out.picks.reserve(situation.window);
  for (uint32_t i = 0; i < situation.window; ++i) {
    Contender& least = heap.front();
    out.picks.push_back(least.server.server);
    open_connection(least.server, situation.opens_active);
    least.load = load(least.server);
    sink(heap);
  }
}

}  // namespace steelyard
