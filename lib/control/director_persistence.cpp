// What workers need to know of servers beyond their schedules: whether templates may lead to them, and tables
// that lead from a server's address to its slot.
#include "control/service_state.h"

namespace steelyard::control {

bool Director::serves(ServiceState& state, ServerSlot server) const noexcept {
  return health_[server].state == health::State::up || state.availability() == Availability::use_all;
}

// Of any weight: who is quiesced keeps its clients, as in IPVS.
void Director::tell_serving(ServiceState& state) noexcept {
  for (const ServerSlot s : state.servers) serving_[s].store(serves(state, s), std::memory_order_relaxed);
}

// A service's number is its slot; those of groups count down from the end, and their endpoint looks as that
// of a firewall mark does in IPVS. Should two have the same number, their endpoints still tell them apart.
Persistence Director::persistence_of(ServiceSlot slot, const config::Service& wanted) {
  if (!wanted.persistence) return {};
  const config::Persistence& p = *wanted.persistence;
  Persistence result{to_ticks(p.timeout), Ipv4::from_host(Prefix{{}, p.prefix}.mask_host()), Port{slot},
                     wanted.address, !p.group.empty()};
  if (!result.group) return result;
  const auto next = static_cast<uint16_t>(persistence_groups_.size() + 1);
  const uint16_t mark = persistence_groups_.try_emplace(p.group, next).first->second;
  result.number = Port{static_cast<uint16_t>(~mark)};
  result.endpoint = {Ipv4::from_host(mark), {}};
  return result;
}

void Director::add_server_tables(Snapshot& next) const {
  next.serving = serving_.data();
  for (ServiceSlot slot = 0; slot < services_.size(); ++slot) {
    const ServiceState& state = *services_[slot];
    for (const ServerSlot s : state.servers) {
      const Endpoint address = servers_[s].address;
      if (state.service.one_packet) next.one_packet_servers.add(Protocol::udp, address, s);
      if (state.service.persistence.group)
        next.group_servers.add(Protocol::persistence, Snapshot::group_key(slot, address.address), s);
    }
  }
}

const VirtualService& Director::service(ServiceSlot service) const noexcept {
  return services_[service]->service;
}

const std::string& Director::group_name(ServiceSlot service) const noexcept {
  return services_[service]->persistence_group;
}

}  // namespace steelyard::control
