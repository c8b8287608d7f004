#include "health/checker.h"

#include <algorithm>
#include <map>

namespace steelyard::health {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds kLongestStep{50};
constexpr int kMostAtOnce = 32;

Endpoint target_of(const config::Server& s) {
  return {s.address.address, s.health->port.value_or(s.address.port)};
}

}  // namespace

Checker::Checker(std::span<const config::Service> services, StartProbe start, Hear hear, uint32_t seed)
    : start_(std::move(start)), hear_(std::move(hear)), random_(seed) {
  std::map<std::pair<Endpoint, config::HealthCheck>, std::size_t> known;
  for (const config::Service& service : services) {
    for (const config::Server& server : service.servers) {
      if (!server.health) continue;
      const auto [at, added] = known.try_emplace({target_of(server), *server.health}, checks_.size());
      if (added)
        checks_.push_back({.target = target_of(server), .how = *server.health, .members = {}, .last = {}});
      checks_[at->second].members.push_back(
          {service.name, service.protocol, service.address, server.address});
    }
  }
  // The first ones are spread over their interval, at most a millisecond apart.
  const auto n = static_cast<int64_t>(checks_.size());
  for (int64_t i = 0; i < n; ++i) {
    const config::HealthCheck& how = checks_[static_cast<std::size_t>(i)].how;
    runs_.push_back({.standing = {how.rise, how.fall}, .due = std::min<Time>(Time{i}, how.interval * i / n)});
    due_.emplace(runs_.back().due, static_cast<std::size_t>(i));
  }
}

Checker::~Checker() {
  for (const Run& run : runs_)
    if (run.probe) run.probe->give_up();
}

void Checker::tick(Time now) {
  if (started_)
    clock_ += std::min(now - now_, kLongestStep);
  else
    for (Check& check : checks_) check.since = now;
  started_ = true;
  now_ = now;
  for (int i = 0; i < kMostAtOnce && !due_.empty() && due_.begin()->first <= clock_; ++i) {
    const std::size_t index = due_.begin()->second;
    if (runs_[index].probe)
      end(index, {Outcome::failed, std::string(runs_[index].probe->give_up())});
    else
      begin(index);
  }
}

void Checker::plan(std::size_t index, Time due) {
  Run& run = runs_[index];
  auto node = due_.extract({run.due, index});  // keeps its memory
  run.due = due;
  node.value().first = due;
  due_.insert(std::move(node));
}

void Checker::begin(std::size_t index) {
  Run& run = runs_[index];
  run.begun = clock_;
  plan(index, clock_ + checks_[index].how.timeout);
  run.probe = start_(checks_[index].target, checks_[index].how,
                     [this, index](Result result) { end(index, std::move(result)); });
}

Checker::Time Checker::next_begin(std::size_t index) {
  const config::HealthCheck& how = checks_[index].how;
  const Time jitter = how.jitter.value_or(0ms);
  std::uniform_int_distribution<Time::rep> vary(-jitter.count(), jitter.count());
  return std::max(clock_, runs_[index].begun + how.interval + Time{vary(random_)});
}

void Checker::end(std::size_t index, Result result) {
  Run& run = runs_[index];
  run.probe = nullptr;
  plan(index, next_begin(index));
  Check& check = checks_[index];
  check.last = std::move(result);
  const bool changed =
      check.last.outcome != Outcome::unknown && run.standing.take(check.last.outcome == Outcome::passed);
  check.in_a_row = run.standing.in_a_row();
  check.state = run.standing.state();
  if (changed) check.since = now_;
  hear_(check, changed);
}

}  // namespace steelyard::health
