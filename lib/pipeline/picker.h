// Takes picks from the schedules of services, and gives back those that were not used. A worker's, for one
// batch.
#pragma once

#include <algorithm>
#include <optional>

#include "pipeline/stages.h"

namespace steelyard {

class Picker {
 public:
  // A pick may name a server that is newer than `snap`: then `snap` becomes the newest snapshot.
  Picker(const Snapshot*& snap, WorkerContext& context) noexcept : snap_(snap), context_(context) {}

  const Snapshot& snapshot() const noexcept { return *snap_; }
  void renew() noexcept { snap_ = context_.published.load(std::memory_order_acquire); }

  // Picks worth trying for one connection.
  unsigned tries_for(ServiceSlot service) const noexcept {
    const ScheduleSlot* schedule = snap_->services[service].schedule;
    const Schedule* current = schedule == nullptr ? nullptr : schedule->current();
    if (current == nullptr || current->is_mapping()) return 1;
    return static_cast<unsigned>(std::clamp<std::size_t>(current->picks.size(), 1, kMostTries));
  }

  // Nothing: the connection is refused.
  std::optional<ServerSlot> pick(ServiceSlot service, const Arrival& arrival) noexcept {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const std::optional<ServerSlot> server = next_pick(service, arrival);
      if (!server || is_server_of(*server, service)) return server;
      // The schedule is newer than our snapshot: so must we be.
      renew();
      if (is_server_of(*server, service)) return server;
    }
    return std::nullopt;
  }

  bool is_server_of(ServerSlot server, ServiceSlot service) const noexcept {
    return server < snap_->servers.size() && snap_->servers[server].service == service &&
           service < snap_->services.size();
  }

  // The pick was not used.
  void keep(ServiceSlot service, ServerSlot server) noexcept {
    const Schedule* s = snap_->services[service].schedule->current();
    if (s != nullptr && s->is_mapping()) return;
    context_.leftover = {service, s == nullptr ? 0 : s->version, server};
  }

 private:
  static constexpr unsigned kMostTries = 64;  // while the client's endpoint is in conflict

  std::optional<ServerSlot> next_pick(ServiceSlot service, const Arrival& arrival) noexcept {
    ScheduleSlot* schedule = snap_->services[service].schedule;
    if (schedule == nullptr) return std::nullopt;
    auto& left = context_.leftover;
    if (left.service == service) {
      left.service = kNoService;
      if (const Schedule* s = schedule->current(); s != nullptr && s->version == left.version)
        return left.server;
    }
    return schedule->pick(arrival);
  }

  const Snapshot*& snap_;
  WorkerContext& context_;
};

}  // namespace steelyard
