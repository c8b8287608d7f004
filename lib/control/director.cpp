#include "control/director.h"

#include <algorithm>
#include <stdexcept>

#include "control/service_state.h"
#include "sched/scheduler.h"

namespace steelyard::control {
namespace {

std::size_t slots_for_servers(const config::Config& config) {
  std::size_t configured = 0;
  for (const config::Service& s : config.services) configured += s.servers.size();
  return std::max<std::size_t>(1024, configured * 2);
}

uint32_t share(std::optional<uint32_t> rate, unsigned workers) {
  return rate ? std::max<uint32_t>(1, *rate / workers) : kUnlimited;
}

// The ways out that the configuration itself states: its ports' subnets, static routes and neighbours.
Network configured_network(const config::Config& config) {
  Network network;
  const auto port_index = [&config](const std::string& name) {
    const auto at = std::ranges::find(config.ports, name, &config::Port::name);
    return static_cast<uint8_t>(at - config.ports.begin());
  };
  const auto connect = [&network](const Interface& on,
                                  const std::vector<config::InterfaceAddress>& addresses) {
    for (const config::InterfaceAddress& a : addresses) {
      Prefix to{a.address, a.length};
      to.address = Ipv4::from_host(to.address.host() & to.mask_host());
      network.routes.push_back({to, on, {}});
      network.local.push_back(a.address);
    }
  };
  for (uint8_t i = 0; i < config.ports.size(); ++i) {
    connect({i, 0}, config.ports[i].addresses);
    for (const config::Vlan& v : config.ports[i].vlans) connect({i, v.id}, v.addresses);
  }
  for (const config::Route& r : config.routes)
    network.routes.push_back({r.to, {port_index(r.port), r.vlan}, r.via});
  for (const config::Neighbour& n : config.neighbours)
    network.neighbours.push_back({{port_index(n.port), n.vlan}, n.address, n.mac});
  return network;
}

}  // namespace

std::string_view to_string(Availability a) noexcept {
  switch (a) {
    case Availability::up:
      return "up";
    case Availability::checking:
      return "checking";
    case Availability::down:
      return "down";
    case Availability::use_all:
      break;
  }
  return "use_all";
}

Director::Director(const config::Config& config, std::vector<PortInfo> ports, const DirectorOptions& options)
    : config_(config),
      options_(options),
      ports_(std::move(ports)),
      grace_(options.workers + 1),
      tallies_(counters_, slots_for_servers(config)),
      loads_(counters_, options.workers, options.cycles_per_second),
      schedules_(grace_, counters_, slots_for_servers(config)),
      servers_(slots_for_servers(config)),
      serving_(servers_.size()) {
  if (ports_.size() != config_.ports.size())
    throw std::logic_error("as many ports as the configuration names");
  for (std::size_t i = 0; i < ports_.size(); ++i)
    if (!config_.ports[i].addresses.empty()) ports_[i].address = config_.ports[i].addresses.front().address;
  ConnectionTable::Options table;
  table.capacity = config_.director.connections;
  table.hash_seed = options_.hash_seed;
  table.threads = options_.workers + 1;
  table.huge_pages = options_.huge_pages;
  table_ = std::make_unique<ConnectionTable>(table, grace_);
  health_.resize(servers_.size());
  for (unsigned i = 0; i <= options_.workers; ++i)
    counters_.push_back(std::make_unique<WorkerCounters>(servers_.size()));
  set_services(config_.services);
  set_network({});
}

Director::~Director() { delete snapshot_.load(std::memory_order_relaxed); }

Limits Director::limits() const noexcept {
  Limits limits;
  for (std::size_t i = 0; i < kKernelClasses; ++i)
    limits.kernel[i] = share(config_.director.kernel_rates[i], options_.workers);
  limits.icmp_errors = share(config_.director.icmp_error_rate, options_.workers);
  limits.resets = share(config_.director.reset_rate, options_.workers);
  return limits;
}

Ticks Director::timeout(ServiceSlot service, State s) const noexcept {
  return services_[service]->service.timeouts[static_cast<std::size_t>(s)];
}

Ticks Director::timeout_of(const Connection& c, State s, const void* self) noexcept {
  return static_cast<const Director*>(self)->timeout(c.service, s);
}

void Director::account_expired(const ConnectionTable::Expired& e, void* self) noexcept {
  const auto* director = static_cast<Director*>(self);
  ServerCounters& server = director->counters_.back()->servers[e.connection->server];
  const bool inactive = (e.last >> 8 & kInactive) != 0;
  (inactive ? server.inactive : server.active).add(~uint64_t{0});
}

Ticks Director::tick(uint64_t now_ms) {
  const auto now = static_cast<Ticks>(now_ms / static_cast<uint64_t>(kTick.count()));
  const uint64_t passed = started_ ? now_ms - last_ms_ : 0;
  started_ = true;
  last_ms_ = now_ms;

  const ConnectionTable::SweepHooks hooks{timeout_of, this, account_expired, this};
  table_->sweep(sweep_pace_.due(table_->sweep_slots(), std::chrono::milliseconds{passed}), now, hooks);
  table_->relieve(now, hooks);
  table_->reclaim();
  compile_stale();
  schedules_.tick(now_ms);
  free_retired();
  captures_.reclaim();
  tallies_.tick(std::chrono::milliseconds(now_ms));
  loads_.tick(std::chrono::milliseconds(now_ms));
  return now;
}

void Director::free_retired() {
  while (!old_snapshots_.empty() && grace_.passed(old_snapshots_.front().token)) old_snapshots_.pop_front();
}

void Director::set_network(Network network) {
  Network all = configured_network(config_);
  all.routes.insert(all.routes.end(), network.routes.begin(), network.routes.end());
  all.neighbours.insert(all.neighbours.end(), network.neighbours.begin(), network.neighbours.end());
  if (next_hops_.update(all, ports_)) route_epoch_ = next_epoch(route_epoch_);
  local_ = std::move(all.local);
  local_.insert(local_.end(), network.local.begin(), network.local.end());
  publish();
}

ServerSlot Director::server_slot(ServiceSlot service, Endpoint address) {
  const auto [at, added] =
      server_slots_.try_emplace({service, address}, static_cast<ServerSlot>(server_slots_.size()));
  if (!added) return at->second;
  if (at->second >= servers_.size()) {
    server_slots_.erase(at);
    throw std::length_error("more real servers than the director has slots for: restart it");
  }
  servers_[at->second] = {address, service, 1};
  return at->second;
}

void Director::set_services(const std::vector<config::Service>& services) {
  std::vector<bool> kept(services_.size());
  std::vector<ServiceSlot> changed;
  std::vector<bool> listed(servers_.size());
  for (const config::Service& wanted : services) {
    const auto same = [&wanted](const auto& s) {
      return s && s->service.address == wanted.address && s->service.protocol == wanted.protocol;
    };
    auto at = std::ranges::find_if(services_, same);
    if (at == services_.end()) at = services_.insert(at, std::make_unique<ServiceState>());
    const auto slot = static_cast<ServiceSlot>(at - services_.begin());
    kept.resize(services_.size());
    kept[slot] = true;
    changed.push_back(slot);

    ServiceState& state = **at;
    state.name = wanted.name;
    state.gone = false;
    state.scheduler = find_scheduler(wanted.scheduler);
    if (state.scheduler == nullptr)
      throw std::logic_error("unknown scheduler: the configuration is validated before");
    state.options = wanted.scheduler_options;
    state.service = {wanted.address,
                     wanted.protocol,
                     wanted.no_connection,
                     wanted.sloppy_tcp,
                     {},
                     &schedules_.slot(slot),
                     persistence_of(slot, wanted),
                     wanted.one_packet};
    state.persistence_group = wanted.persistence ? wanted.persistence->group : "";
    for (std::size_t i = 0; i < kStates; ++i) state.service.timeouts[i] = to_ticks(wanted.timeouts[i]);
    state.servers.clear();
    for (const config::Server& s : wanted.servers) {
      const ServerSlot server = server_slot(slot, s.address);
      servers_[server].weight = s.weight;
      listed[server] = true;
      state.servers.push_back(server);
    }
    state.when_all_down = wanted.when_all_down;
    settle_health(state, wanted.servers);
    tell_serving(state);
  }
  forget_health(listed);
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (kept[i]) continue;
    services_[i]->servers.clear();  // its connections live on, new ones find no service
    services_[i]->gone = true;
    changed.push_back(static_cast<ServiceSlot>(i));
  }
  publish();  // before the schedules: a worker that meets a new pick finds its server
  for (const ServiceSlot slot : changed) schedules_.set(slot, plan(*services_[slot]));
}

// A server that stays checked keeps its state, one that comes to be checked has to pass first.
void Director::settle_health(ServiceState& state, const std::vector<config::Server>& wanted) {
  state.servers_by_state = {};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ServerSlot slot = state.servers[i];
    ServerHealth& health = health_[slot];
    const bool checked = options_.health_checks && wanted[i].health.has_value();
    if (checked != health.checked)
      health = {checked, checked ? health::State::checking : health::State::up, {}};
    if (servers_[slot].weight > 0) ++state.count(health.state);
  }
}

// A server that comes back is a new one.
void Director::forget_health(const std::vector<bool>& listed) {
  for (ServerSlot slot = 0; slot < health_.size(); ++slot) {
    if (listed[slot]) continue;
    health_[slot] = {};
    serving_[slot].store(false, std::memory_order_relaxed);
  }
}

std::optional<Availability> Director::set_health(Protocol protocol, Endpoint service, Endpoint server,
                                                 health::State state, std::string reason) {
  const auto slot = snapshot().by_endpoint.find(protocol, service);
  if (!slot) return std::nullopt;
  const auto at = server_slots_.find({*slot, server});
  if (at == server_slots_.end() || !health_[at->second].checked) return std::nullopt;
  ServiceState& of = *services_[*slot];
  ServerHealth& health = health_[at->second];
  const Availability before = of.availability();
  if (servers_[at->second].weight > 0) {
    --of.count(health.state);
    ++of.count(state);
  }
  health.state = state;
  health.reason = std::move(reason);
  if (!of.stale) stale_.push_back(*slot);
  of.stale = true;
  const Availability after = of.availability();
  return after == before ? std::nullopt : std::optional(after);
}

void Director::compile_stale() {
  for (const ServiceSlot slot : stale_) {
    services_[slot]->stale = false;
    tell_serving(*services_[slot]);
    schedules_.set(slot, plan(*services_[slot]));
  }
  stale_.clear();
}

SchedulePlan Director::plan(ServiceState& state) const {
  SchedulePlan plan{state.scheduler, state.options, state.service.protocol, {}};
  plan.servers.reserve(state.servers.size());
  for (const ServerSlot s : state.servers)
    plan.servers.push_back({s, servers_[s].address, servers_[s].weight, serves(state, s)});
  return plan;
}

void Director::publish() {
  auto next = std::make_unique<Snapshot>();
  next->version = ++version_;
  for (ServiceSlot slot = 0; slot < services_.size(); ++slot) {
    const ServiceState& state = *services_[slot];
    next->services.push_back(state.service);
    if (state.gone) continue;
    next->by_endpoint.add(state.service.protocol, state.service.address, slot);
    next->addresses.add(state.service.address.address, kVirtualAddress);
  }
  next->servers = servers_;
  add_server_tables(*next);
  for (const RealServer& s : servers_)
    if (s.service != kNoService) next->addresses.add(s.address.address, kServerAddress);
  for (const Ipv4 a : local_) next->addresses.add(a, kLocalAddress);
  next->ports = ports_;
  next->routes = next_hops_.routes();
  next->next_hops = next_hops_.slots();
  next->route_epoch = route_epoch_;
  const Snapshot* old = snapshot_.exchange(next.release(), std::memory_order_acq_rel);
  if (old != nullptr) old_snapshots_.push_back({grace_.start(), std::unique_ptr<const Snapshot>(old)});
}

std::vector<ServiceView> Director::services() const {
  std::vector<ServiceView> views;
  for (const auto& state : services_) {
    if (state->gone) continue;
    ServiceView view{.name = state->name,
                     .address = state->service.address,
                     .protocol = state->service.protocol,
                     .scheduler = std::string(state->scheduler->name),
                     .scheduler_options = to_strings(*state->scheduler, state->options),
                     .state = state->availability(),
                     .totals = {},
                     .rates = {},
                     .servers = {}};
    for (const ServerSlot s : state->servers) {
      view.servers.push_back({servers_[s].address, servers_[s].weight, health_[s].state, health_[s].reason,
                              tallies_.shown(s), tallies_.rates(s)});
      view.totals += view.servers.back().totals;
      view.rates += view.servers.back().rates;
    }
    views.push_back(std::move(view));
  }
  return views;
}

Summary Director::summary() const {
  Summary sum{.connections = table_->size()};
  for (const auto& state : services_) {
    if (state->gone) continue;
    ++sum.services;
    for (const std::size_t servers : state->servers_by_state) sum.servers += servers;
    sum.servers_up += state->count(health::State::up);
    if (state->availability() == Availability::down) sum.down.push_back(state->name);
  }
  return sum;
}

bool Director::zero(std::string_view service) noexcept {
  bool found = false;
  for (const auto& state : services_) {
    if (state->gone || state->name != service) continue;
    found = true;
    for (const ServerSlot s : state->servers) tallies_.zero(s);
  }
  return found;
}

const std::string& Director::service_name(ServiceSlot service) const noexcept {
  return services_[service]->name;
}

bool Director::has_service(std::string_view name) const noexcept {
  return std::ranges::any_of(services_, [name](const auto& s) { return s->name == name; });
}

}  // namespace steelyard::control
