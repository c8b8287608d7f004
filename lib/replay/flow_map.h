// `steelyard-replay --map`: turns any capture into load-balanced traffic. Every server endpoint of the
// capture becomes a virtual service with made-up real servers; what it sent to a client becomes what the real
// server sent that the client's connection was given. docs/replay.md says which packets are forwarded then.
//
// Used in two passes over the same capture: learn() every frame, then place() every frame.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "conn/table.h"
#include "replay/dissect.h"
#include "replay/memory_io.h"

namespace steelyard::replay {

inline constexpr unsigned kMostMappedServers = 250;

class FlowMap {
 public:
  // The ports of configuration().
  static constexpr uint8_t kClients = 0, kServers = 1;

  // `copies`: how many times over the capture is to be placed, each time with other client addresses.
  explicit FlowMap(unsigned servers_per_service, unsigned copies = 1)
      : servers_(servers_per_service), copies_(copies) {}

  void learn(std::span<const uint8_t> frame);
  // After the last learn(): services, servers, ports, routes and neighbours. Throws std::length_error when
  // the capture has more server endpoints than there can be services, or more clients in all copies than
  // there are addresses.
  config::Config configuration();
  // Rewrites the frame of a copy (0 ...) for the port that it returns.
  uint8_t place(Bytes& frame, const ConnectionTable& table, unsigned copy = 0) const;

 private:
  struct Pair {  // a flow's endpoints, the smaller first
    Protocol protocol;
    Endpoint low, high;
    friend auto operator<=>(const Pair&, const Pair&) = default;
  };
  struct Flow {
    Endpoint client, server;
    Endpoint replayed_client;  // the client, or a stand-in for it
    uint32_t client_number = 0;
    bool syn_seen = false;
  };
  static Pair pair(const FlowView& view) noexcept;
  const Flow* find(const FlowView& view) const;
  void choose_stand_ins();
  void choose_copies();
  Ipv4 unused_block();
  // In one copy: the client, and the server that its connection was given.
  struct Ends {
    Endpoint client;
    std::optional<Endpoint> server;
  };
  Ends ends(const Flow& flow, Protocol protocol, const ConnectionTable& table, unsigned copy) const;
  uint8_t place_flow(Bytes& frame, const IpView& ip, const FlowView& view, const Flow& flow,
                     const Ends& ends) const;
  uint8_t place_error(Bytes& frame, const IpView& ip, const Quote& quote, const Flow& flow,
                      const Ends& ends) const;

  unsigned servers_, copies_;
  std::size_t clients_ = 0;          // different replayed_client.address
  std::vector<Ipv4> other_clients_;  // by copy - 1, then by client_number
  std::map<Pair, Flow> flows_;
  std::vector<const std::pair<const Pair, Flow>*> order_;  // of first appearance
  std::set<Ipv4> seen_;
};

}  // namespace steelyard::replay
