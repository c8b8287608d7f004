// How a port spreads packets over the workers. Correctness never depends on it, since the connection table is
// shared; speed does: both directions of a connection should meet on one worker, by letting only the client's
// address and port decide (source at the client side, destination at the server side).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"

namespace steelyard::dpdk {

// Where a port's clients are: its packets come from them (client side), go to them (server side), or both.
enum class Side : uint8_t { client, server, both };

// A port whose subnets hold real servers is at the server side, any other at the client side; the only port
// is both. Pure.
Side side_of(const config::Config& config, std::size_t port);

// What a port's device says of itself.
struct Capabilities {
  std::string driver;         // rte_eth_dev_info::driver_name
  uint64_t rss_offloads = 0;  // rte_eth_dev_info::flow_type_rss_offloads
  uint8_t key_size = 0;       // rte_eth_dev_info::hash_key_size; 0: not said
  unsigned queues = 1;        // receive queues it can have
};

enum class Spread : uint8_t {
  one_queue,          // nothing to spread
  rss_conf,           // by the client's endpoint: hash types with a *_SRC_ONLY or *_DST_ONLY bit
  flow_rss,           // the same by rte_flow RSS rules (i40e, ice, iavf)
  client_port_rules,  // by the low bits of the client's port: flow director (82599, X540)
  plain_rss,          // by both endpoints: a connection's directions usually meet on different workers
  driver,             // the driver spreads as it likes (fanout of packet sockets, one XDP socket a queue)
};

// The low bits of the client's port that choose a worker. Bit 0 is left out: Linux gives connect() even
// ports.
struct PortRule {
  uint16_t value = 0, mask = 0;  // host byte order
  uint16_t queue = 0;
};

struct RssPlan {
  Spread spread = Spread::one_queue;
  Side side = Side::client;
  uint64_t hash_types = 0;       // for rte_eth_rss_conf or for the rules of flow_rss
  uint64_t fallback_types = 0;   // for rte_eth_rss_conf while, or if, the rules are not there
  std::vector<uint8_t> key;      // period of 16 bits, so that fields count alike wherever they stand
  std::vector<PortRule> rules;   // of client_port_rules
  std::string sentence() const;  // what the director logs
};

// Pure. `workers` >= 1.
RssPlan plan_rss(const Capabilities& capabilities, Side side, unsigned workers);

// 0x6d5a over and over. With it a field adds the same to a Toeplitz hash at any even offset: hardware may
// zero the fields that do not count instead of leaving them out.
std::vector<uint8_t> periodic_key(std::size_t bytes);

// Installs the rules of a started port's plan. An error text if the device refuses one: those already made
// are removed, and the port is left with fallback_types. Control core.
std::optional<std::string> apply_rules(const RssPlan& plan, uint16_t ethdev);

}  // namespace steelyard::dpdk
