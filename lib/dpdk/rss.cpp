#include "dpdk/rss.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>
#include <rte_ethdev.h>

namespace steelyard::dpdk {
namespace {

constexpr uint64_t kTransports = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;

uint64_t client_only(Side side) {
  return side == Side::client ? RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY
                              : RTE_ETH_RSS_L3_DST_ONLY | RTE_ETH_RSS_L4_DST_ONLY;
}

bool is_one_of(const std::string& driver, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), driver) != names.end();
}

std::vector<PortRule> port_rules(unsigned workers) {
  const auto values = static_cast<uint16_t>(std::bit_ceil(workers));
  const auto mask = static_cast<uint16_t>((values - 1) << 1);
  std::vector<PortRule> rules;
  for (uint16_t v = 0; v < values; ++v)
    rules.push_back({static_cast<uint16_t>(v << 1), mask, static_cast<uint16_t>(v % workers)});
  return rules;
}

Spread choose(const Capabilities& c, Side side, unsigned workers) {
  if (workers == 1 || c.queues == 1) return Spread::one_queue;
  if ((c.rss_offloads & kTransports) == 0) return Spread::driver;
  if (side == Side::both) return Spread::plain_rss;
  const uint64_t wanted = client_only(side) | kTransports;
  if ((c.rss_offloads & wanted) == wanted) return Spread::rss_conf;
  if (is_one_of(c.driver, {"net_i40e", "net_ice", "net_iavf"})) return Spread::flow_rss;
  if (is_one_of(c.driver, {"net_ixgbe"})) return Spread::client_port_rules;
  return Spread::plain_rss;
}

}  // namespace

Side side_of(const config::Config& config, std::size_t port) {
  if (config.ports.size() == 1) return Side::both;
  const auto holds = [](const std::vector<config::InterfaceAddress>& addresses, Ipv4 a) {
    return std::any_of(addresses.begin(), addresses.end(), [a](const config::InterfaceAddress& i) {
      return Prefix{i.address, i.length}.contains(a);
    });
  };
  for (const config::Service& service : config.services)
    for (const config::Server& server : service.servers) {
      if (holds(config.ports[port].addresses, server.address.address)) return Side::server;
      for (const config::Vlan& vlan : config.ports[port].vlans)
        if (holds(vlan.addresses, server.address.address)) return Side::server;
    }
  return Side::client;
}

std::vector<uint8_t> periodic_key(std::size_t bytes) {
  std::vector<uint8_t> key(bytes);
  for (std::size_t i = 0; i < bytes; ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}

RssPlan plan_rss(const Capabilities& capabilities, Side side, unsigned workers) {
  RssPlan plan;
  plan.side = side;
  plan.spread = choose(capabilities, side, workers);
  if (plan.spread == Spread::one_queue || plan.spread == Spread::driver) return plan;
  plan.key = periodic_key(capabilities.key_size == 0 ? 40 : capabilities.key_size);
  plan.fallback_types = capabilities.rss_offloads & kTransports;
  plan.hash_types = plan.fallback_types;
  if (plan.spread == Spread::rss_conf) plan.hash_types |= client_only(side);
  if (plan.spread == Spread::rss_conf) plan.fallback_types = plan.hash_types;
  if (plan.spread == Spread::flow_rss) plan.hash_types = kTransports | client_only(side);
  if (plan.spread == Spread::client_port_rules) plan.rules = port_rules(workers);
  return plan;
}

std::string RssPlan::sentence() const {
  const char* which = side == Side::client ? "source" : "destination";
  switch (spread) {
    case Spread::one_queue:
      return "one receive queue, nothing to spread";
    case Spread::rss_conf:
      return fmt::format("RSS by the client only ({} address and port)", which);
    case Spread::flow_rss:
      return fmt::format("RSS by the client only ({} address and port), set by flow rules", which);
    case Spread::client_port_rules:
      return fmt::format("flow director by the low bits of the client's ({}) port", which);
    case Spread::plain_rss:
      return side == Side::both
                 ? "plain RSS: one arm can't tell the client's side; workers share connections"
                 : "plain RSS: the device can't spread by the client only; workers share connections";
    case Spread::driver:
      return "spread by the driver; workers share connections";
  }
  return {};
}

}  // namespace steelyard::dpdk
