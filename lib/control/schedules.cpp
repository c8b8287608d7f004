#include "control/schedules.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace steelyard::control {
namespace {

// A worker's counters of a server may be negative alone, and all of them for a moment while a worker writes.
uint32_t connections(uint64_t sum) noexcept {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  return static_cast<uint32_t>(std::clamp<int64_t>(static_cast<int64_t>(sum), 0, kMost));
}

constexpr uint32_t kShortestWindow = 64, kLongestForServers = 1024;
constexpr uint32_t kWindowChecks = 64;  // services whose windows one tick() looks at
constexpr std::size_t kMostRetired = 4096;

}  // namespace

ScheduleSlot& Schedules::slot(ServiceSlot service) {
  while (services_.size() <= service) services_.push_back(std::make_unique<Service>());
  return services_[service]->slot;
}

// Sums over the workers.
Schedules::Load Schedules::load_of(ServerSlot server) const noexcept {
  uint64_t active = 0, inactive = 0, responses = 0;
  for (const auto& worker : counters_) {
    const ServerCounters& c = worker->servers[server];
    active += c.active.get(), inactive += c.inactive.get(), responses += c.responses.get();
  }
  return {connections(active), connections(inactive), responses};
}

std::vector<Candidate> Schedules::candidates_of(const SchedulePlan& plan) {
  std::vector<Candidate> candidates;
  candidates.reserve(plan.servers.size());
  for (const SchedulePlan::Server& s : plan.servers) {
    const Load load = load_of(s.slot);
    candidates.push_back({.server = s.slot,
                          .weight = s.up ? s.weight : 0,
                          .active = load.active,
                          .inactive = load.inactive,
                          .response_us = responses_.update(s.slot, load.responses, now_ms_),
                          .weight_up = s.up ? 0 : s.weight,
                          .address = s.address});
  }
  return candidates;
}

void Schedules::set(ServiceSlot service, SchedulePlan plan) {
  slot(service);
  Service& s = *services_[service];
  if (s.plan == plan) return;
  // What nobody asked for may have overflowed.
  if (s.plan.scheduler != plan.scheduler)
    for (const SchedulePlan::Server& server : plan.servers)
      responses_.forget(server.slot, load_of(server.slot).responses, now_ms_);
  s.plan = std::move(plan);
  compile(s, candidates_of(s.plan), true);
}

// At least two refreshes' worth of picks, as far as the last ones tell.
uint32_t Schedules::window(Service& service, uint32_t taken) const noexcept {
  service.busiest = std::max(taken, service.busiest - service.busiest / 8);
  const auto servers = static_cast<uint32_t>(service.plan.servers.size());
  const uint32_t least = std::clamp(servers, kShortestWindow, kLongestForServers);
  const uint32_t wanted = std::bit_ceil(std::min<uint32_t>(service.busiest, kMaxWindow / 2)) * 2;
  return std::max(least, wanted);
}

void Schedules::compile(Service& service, std::vector<Candidate> candidates, bool changed) {
  auto next = std::make_unique<Schedule>();
  const Schedule* current = service.slot.current();
  next->base = service.slot.position();
  SequenceState from = service.slot.state();
  if (changed) from.mid_pass = false;
  const Situation situation{.servers = candidates,
                            .state = from,
                            .options = service.plan.options,
                            .window = window(service, next->base),
                            .opens_active = service.plan.protocol == Protocol::tcp,
                            .random = (statistics_.published + 1) * 0xd1342543de82ef95,
                            .previous = changed ? nullptr : current};
  if (current != nullptr && !current->periodic && next->base > current->picks.size())
    statistics_.repeated += next->base - current->picks.size();
  service.plan.scheduler->fill(situation, *next);
  service.candidates = std::move(candidates);
  if (!changed && next->is_mapping() && next->picks == current->picks) return;
  ++statistics_.published;
  if (auto old = service.slot.publish(std::move(next))) retired_.push_back({grace_.start(), std::move(old)});
}

// Returns the work it was.
uint32_t Schedules::refresh(Service& service, bool only_if_picked) {
  if (!service.follows_load()) return 0;
  const uint32_t taken = service.slot.position();
  if (only_if_picked && taken == 0) return 1;
  std::vector<Candidate> now = candidates_of(service.plan);
  const auto looked_at = static_cast<uint32_t>(now.size() * counters_.size()) + 1;
  if (taken == 0 && now == service.candidates) return looked_at;
  compile(service, std::move(now), false);
  return looked_at + static_cast<uint32_t>(service.slot.current()->picks.size());
}

// A window that does not repeat its sequence exactly is continued once half of it is used up, a periodic one
// before its position wraps.
void Schedules::renew(Service& service) {
  const Schedule* s = service.slot.current();
  if (s == nullptr || s->picks.empty() || s->is_mapping() || s->follows_load) return;
  const uint32_t limit = s->periodic ? uint32_t{1} << 31 : static_cast<uint32_t>(s->picks.size() / 2);
  if (service.slot.position() > limit) compile(service, candidates_of(service.plan), false);
}

// `step` for each service, going on where the last call ended, until `work` is done.
template <class Do>
void Schedules::in_turn(std::size_t& cursor, uint32_t& work, const Do& step) {
  for (std::size_t i = 0; i < services_.size() && work > 0; ++i) {
    if (++cursor >= services_.size()) cursor = 0;
    work -= std::min(work, step(*services_[cursor]));
  }
}

void Schedules::tick(uint64_t now_ms) {
  now_ms_ = now_ms;
  while (!retired_.empty() && grace_.passed(retired_.front().token)) retired_.pop_front();
  if (retired_.size() > kMostRetired) return;  // some worker stands still
  uint32_t checks = kWindowChecks;
  in_turn(windows_, checks, [this](Service& s) {
    renew(s);
    return 1u;
  });
  uint32_t work = kWork;
  in_turn(picked_, work, [this](Service& s) { return refresh(s, true); });
  in_turn(quiet_, work, [this](Service& s) { return refresh(s, false); });
}

}  // namespace steelyard::control
