#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unordered_set>

#include "config/load.h"
#include "config/text.h"

namespace steelyard::config {
namespace {
// What a server sends in one check.
constexpr double kTcpFrames = 1, kHttpFrames = 4;

// Prefixes by length: whether one of them holds an address takes at most 33 look-ups.
class PrefixSet {
 public:
  void add(Ipv4 address, uint8_t length) {
    by_length_[length].insert(address.host() & Prefix{{}, length}.mask_host());
  }
  bool holds(Ipv4 address) const {
    for (uint8_t length = 0; length <= 32; ++length)
      if (by_length_[length].contains(address.host() & Prefix{{}, length}.mask_host())) return true;
    return false;
  }

 private:
  std::array<std::unordered_set<uint32_t>, 33> by_length_;
};

struct Subnet {
  std::string interface;
  InterfaceAddress address;
  uint32_t first() const { return address.address.host() & Prefix{{}, address.length}.mask_host(); }
  uint32_t last() const { return first() | ~Prefix{{}, address.length}.mask_host(); }
};

std::string interface_name(const std::string& port, uint16_t vlan) {
  return vlan == 0 ? port : fmt::format("{}.{}", port, vlan);
}

std::vector<Subnet> subnets_of(const Config& config) {
  std::vector<Subnet> out;
  for (const Port& port : config.ports) {
    for (const auto& address : port.addresses) out.push_back({port.name, address});
    for (const Vlan& vlan : port.vlans)
      for (const auto& address : vlan.addresses) out.push_back({interface_name(port.name, vlan.id), address});
  }
  return out;
}

// Prefixes nest or are disjoint, so in order of their first address each overlap shows against the one that
// reaches farthest so far.
void warn_about_overlaps(std::vector<Subnet> subnets, Report& report) {
  std::ranges::sort(subnets, {}, [](const Subnet& s) { return std::pair{s.first(), s.address.length}; });
  const Subnet* widest = nullptr;
  for (const Subnet& subnet : subnets) {
    if (widest != nullptr && subnet.first() <= widest->last()) {
      if (subnet.interface != widest->interface)
        report.warning(subnet.address.at, "the subnet of {}/{} on {} overlaps that of {}/{} on {}",
                       subnet.address.address, subnet.address.length, quote(subnet.interface),
                       widest->address.address, widest->address.length, quote(widest->interface));
      if (subnet.last() <= widest->last()) continue;
    }
    widest = &subnet;
  }
}

class Doubts {
 public:
  Doubts(const Config& config, Report& report) : config_(config), report_(report) {
    for (const Subnet& s : subnets_of(config)) {
      reached_.add(s.address.address, s.address.length);
      on_[s.interface].add(s.address.address, s.address.length);
      own_.insert(s.address.address);
    }
    for (const Neighbour& n : config.neighbours) known_.emplace(interface_name(n.port, n.vlan), n.address);
    for (const Route& r : config.routes) reached_.add(r.to.address, r.to.length);
    for (const Neighbour& n : config.neighbours) reached_.add(n.address, 32);
  }

  void about_network() {
    for (const Neighbour& n : config_.neighbours)
      if (!on_[interface_name(n.port, n.vlan)].holds(n.address))
        report_.warning(n.at, "the neighbour {} is in no subnet of {}", n.address,
                        quote(interface_name(n.port, n.vlan)));
    for (const Route& r : config_.routes) {
      const std::string interface = interface_name(r.port, r.vlan);
      if (!on_[interface].holds(r.via) && !known_.contains({interface, r.via}))
        report_.warning(r.at, "the gateway {} is in no subnet of {}", r.via, quote(interface));
    }
  }

  // Each check brings frames from its server to the kernel, which takes no more than its rate.
  void about_checks() {
    std::set<std::pair<Ipv4, HealthCheck>> checks;
    for (const Service& service : config_.services)
      for (const Server& server : service.servers)
        if (server.health) checks.emplace(server.address.address, *server.health);
    double frames = 0;
    for (const auto& [address, check] : checks)
      frames += (std::holds_alternative<HttpCheck>(check.kind) ? kHttpFrames : kTcpFrames) * 1000 /
                static_cast<double>(check.interval.count());
    const auto rate = config_.director.kernel_rates[static_cast<std::size_t>(KernelClass::health)];
    if (rate && frames > *rate)
      report_.warning({1, 1},
                      "health checks bring about {:.0f} frames a second; kernel_path allows {} for health",
                      frames, *rate);
  }

  void about_service(const Service& service) {
    if (service.servers.empty())
      report_.warning(service.at, "the service {} has no servers: all its clients are refused",
                      quote(service.name));
    else if (std::ranges::all_of(service.servers, [](const Server& s) { return s.weight == 0; }))
      report_.warning(service.at, "all servers of {} have weight 0: all its new clients are refused",
                      quote(service.name));
    const auto checked = [](const Server& s) { return s.health.has_value(); };
    if (service.when_all_down == WhenAllDown::use_all && std::ranges::none_of(service.servers, checked))
      report_.warning(service.at, "when_all_down of {} has no effect: no health checks", quote(service.name));
    for (const Server& server : service.servers) {
      const Ipv4 address = server.address.address;
      if (own_.contains(address))
        report_.warning(server.at, "the server {} is the director itself, which serves nothing",
                        server.address);
      else if (!reached_.holds(address))
        report_.warning(server.at, "the server {} is in no port's subnet, and no static route leads there",
                        server.address);
    }
  }

 private:
  const Config& config_;
  Report& report_;
  PrefixSet reached_;
  std::map<std::string, PrefixSet> on_;  // by interface
  std::set<std::pair<std::string, Ipv4>> known_;
  std::set<Ipv4> own_;
};
}  // namespace

void warn_about(const Config& config, Report& report) {
  warn_about_overlaps(subnets_of(config), report);
  Doubts doubts(config, report);
  doubts.about_network();
  doubts.about_checks();
  for (const Service& service : config.services) doubts.about_service(service);
}

}  // namespace steelyard::config
