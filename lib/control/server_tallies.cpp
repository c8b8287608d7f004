#include "control/server_tallies.h"

#include <algorithm>

namespace steelyard::control {

using std::chrono::milliseconds;

Totals& Totals::operator+=(const Totals& o) noexcept {
  connections += o.connections, active += o.active, inactive += o.inactive;
  packets_in += o.packets_in, packets_out += o.packets_out, bytes_in += o.bytes_in, bytes_out += o.bytes_out;
  return *this;
}

Rates& Rates::operator+=(const Rates& o) noexcept {
  connections += o.connections;
  packets_in += o.packets_in, packets_out += o.packets_out, bytes_in += o.bytes_in, bytes_out += o.bytes_out;
  return *this;
}

ServerTallies::ServerTallies(const std::vector<std::unique_ptr<WorkerCounters>>& workers, std::size_t servers)
    : workers_(workers), tallies_(servers) {}

Totals ServerTallies::total(ServerSlot server) const noexcept {
  Totals t;
  for (const auto& worker : workers_) {
    const ServerCounters& c = worker->servers[server];
    t += {c.connections.get(),
          static_cast<int64_t>(c.active.get()),
          static_cast<int64_t>(c.inactive.get()),
          c.packets[kIn].get(),
          c.packets[kOut].get(),
          c.bytes[kIn].get(),
          c.bytes[kOut].get()};
  }
  return t;
}

Totals ServerTallies::shown(ServerSlot server) const noexcept {
  Totals t = total(server);
  const Totals& zero = tallies_[server].zero;
  t.connections -= zero.connections;
  t.packets_in -= zero.packets_in, t.packets_out -= zero.packets_out;
  t.bytes_in -= zero.bytes_in, t.bytes_out -= zero.bytes_out;
  return t;
}

Rates ServerTallies::rates(ServerSlot server) const noexcept {
  const Tally& t = tallies_[server];
  return {t.connections.per_second(), t.packets_in.per_second(), t.packets_out.per_second(),
          t.bytes_in.per_second(), t.bytes_out.per_second()};
}

void ServerTallies::zero(ServerSlot server) noexcept {
  Tally& t = tallies_[server];
  t.zero = total(server);
  t.connections.restart(t.zero.connections);
  t.packets_in.restart(t.zero.packets_in);
  t.packets_out.restart(t.zero.packets_out);
  t.bytes_in.restart(t.zero.bytes_in);
  t.bytes_out.restart(t.zero.bytes_out);
}

void ServerTallies::update(ServerSlot server, milliseconds now) noexcept {
  Tally& t = tallies_[server];
  const Totals counted = total(server);
  const milliseconds passed = now - t.updated;
  t.connections.update(counted.connections, passed);
  t.packets_in.update(counted.packets_in, passed);
  t.packets_out.update(counted.packets_out, passed);
  t.bytes_in.update(counted.bytes_in, passed);
  t.bytes_out.update(counted.bytes_out, passed);
  t.updated = now;
}

void ServerTallies::tick(milliseconds now) noexcept {
  if (!round_) {
    round_ = now;
    for (Tally& t : tallies_) t.updated = now;
  }
  const auto passed = static_cast<std::size_t>(std::min(now - *round_, kRateInterval).count());
  const std::size_t due = tallies_.size() * passed / static_cast<std::size_t>(kRateInterval.count());
  for (; next_ < due; ++next_) update(static_cast<ServerSlot>(next_), now);
  if (next_ < tallies_.size()) return;
  next_ = 0;
  round_ = std::max(*round_ + kRateInterval, now - kRateInterval);
}

}  // namespace steelyard::control
