#include <array>

#include <fmt/format.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include "dpdk/rss.h"

namespace steelyard::dpdk {
namespace {

// The rules of one port while they are being made: all of them, or none.
class Rules {
 public:
  explicit Rules(uint16_t ethdev) : ethdev_(ethdev) {}
  ~Rules() {
    if (keep_) return;
    rte_flow_error error{};
    for (rte_flow* flow : made_) rte_flow_destroy(ethdev_, flow, &error);
  }
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  // An error text if the device refuses.
  std::optional<std::string> add(std::span<const rte_flow_item> pattern,
                                 std::span<const rte_flow_action> actions) {
    rte_flow_attr ingress{};
    ingress.ingress = 1;
    rte_flow_error error{};
    rte_flow* flow = rte_flow_create(ethdev_, &ingress, pattern.data(), actions.data(), &error);
    if (flow == nullptr) return error.message == nullptr ? "refused" : error.message;
    made_.push_back(flow);
    return std::nullopt;
  }
  void keep() { keep_ = true; }

 private:
  uint16_t ethdev_;
  std::vector<rte_flow*> made_;
  bool keep_ = false;
};

constexpr std::array kTransportItems{RTE_FLOW_ITEM_TYPE_TCP, RTE_FLOW_ITEM_TYPE_UDP};

rte_flow_item item(rte_flow_item_type type, const void* spec = nullptr, const void* mask = nullptr) {
  return {type, spec, nullptr, mask};
}

std::optional<std::string> add_rss(Rules& rules, const RssPlan& plan) {
  for (const rte_flow_item_type transport : kTransportItems) {
    const uint64_t other =
        transport == RTE_FLOW_ITEM_TYPE_TCP ? RTE_ETH_RSS_NONFRAG_IPV4_UDP : RTE_ETH_RSS_NONFRAG_IPV4_TCP;
    // No queues and no key: ice and i40e take them from the port's configuration.
    rte_flow_action_rss rss{};
    rss.types = plan.hash_types & ~other;
    const std::array pattern{item(RTE_FLOW_ITEM_TYPE_ETH), item(RTE_FLOW_ITEM_TYPE_IPV4), item(transport),
                             item(RTE_FLOW_ITEM_TYPE_END)};
    const std::array actions{rte_flow_action{RTE_FLOW_ACTION_TYPE_RSS, &rss},
                             rte_flow_action{RTE_FLOW_ACTION_TYPE_END, nullptr}};
    if (auto error = rules.add(pattern, actions)) return error;
  }
  return std::nullopt;
}

std::optional<std::string> add_port_rule(Rules& rules, const PortRule& rule, Side side,
                                         rte_flow_item_type type) {
  const uint16_t value = swap16(rule.value), bits = swap16(rule.mask);
  const bool source = side == Side::client;
  // TCP and UDP headers both start with the two ports; the items' structs are those headers.
  rte_flow_item_tcp tcp{}, tcp_mask{};
  rte_flow_item_udp udp{}, udp_mask{};
  (source ? tcp.hdr.src_port : tcp.hdr.dst_port) = value;
  (source ? tcp_mask.hdr.src_port : tcp_mask.hdr.dst_port) = bits;
  (source ? udp.hdr.src_port : udp.hdr.dst_port) = value;
  (source ? udp_mask.hdr.src_port : udp_mask.hdr.dst_port) = bits;
  const bool is_tcp = type == RTE_FLOW_ITEM_TYPE_TCP;
  const std::array pattern{item(RTE_FLOW_ITEM_TYPE_ETH), item(RTE_FLOW_ITEM_TYPE_IPV4),
                           is_tcp ? item(type, &tcp, &tcp_mask) : item(type, &udp, &udp_mask),
                           item(RTE_FLOW_ITEM_TYPE_END)};
  const rte_flow_action_queue queue{rule.queue};
  const std::array actions{rte_flow_action{RTE_FLOW_ACTION_TYPE_QUEUE, &queue},
                           rte_flow_action{RTE_FLOW_ACTION_TYPE_END, nullptr}};
  return rules.add(pattern, actions);
}

std::optional<std::string> add_port_rules(Rules& rules, const RssPlan& plan) {
  for (const PortRule& rule : plan.rules)
    for (const rte_flow_item_type transport : kTransportItems)
      if (auto error = add_port_rule(rules, rule, plan.side, transport)) return error;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> apply_rules(const RssPlan& plan, uint16_t ethdev) {
  Rules rules(ethdev);
  std::optional<std::string> error;
  if (plan.spread == Spread::flow_rss) error = add_rss(rules, plan);
  if (plan.spread == Spread::client_port_rules) error = add_port_rules(rules, plan);
  if (!error) rules.keep();
  return error;
}

}  // namespace steelyard::dpdk
