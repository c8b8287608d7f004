// Connections as an operator sees them, a slice of the table at a time. Control core only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "control/director.h"

namespace steelyard::control {

struct EndpointFilter {
  Prefix prefix;  // length 0: any address
  std::optional<steelyard::Port> port;
  bool fits(Endpoint e) const noexcept { return prefix.contains(e.address) && (!port || *port == e.port); }
};

enum class Listed : uint8_t { connections, templates, all };

// What is not set fits all.
struct ConnectionFilter {
  std::optional<EndpointFilter> client, server;
  std::optional<std::string> service;  // by name; templates of its persistence group fit too
  std::optional<State> state;
  Listed listed = Listed::connections;
  std::string group = {};  // of `service`: set by the list itself
};

// What a persistence template has instead of a connection's own: its client is a network, port 0.
struct TemplateView {
  uint8_t prefix;            // length of the clients' network
  const std::string& group;  // "": of one service
  uint32_t connections;      // that it controls
  bool assured;              // one of them was established
};

struct ConnectionView {
  Protocol protocol;
  Endpoint client, virtual_endpoint, server;
  const std::string& service;  // by name
  State state;
  bool active;                                 // as IPVS counts it
  std::chrono::milliseconds idle, expires_in;  // multiples of 250 ms
  std::optional<TemplateView> persistence = std::nullopt;
};

class ConnectionList {
 public:
  // Stops after `limit` connections. The director outlives the list.
  ConnectionList(const Director& director, ConnectionFilter filter, uint64_t limit);

  // Visits the next few, in some 50 us. False: that was all.
  bool next(const std::function<void(const ConnectionView&)>& visit);

 private:
  static bool wanted(const Connection& c, State state, const void* self) noexcept;
  ConnectionView view(const ConnectionTable::Seen& seen) const noexcept;
  ConnectionView template_view(const ConnectionTable::Seen& seen) const noexcept;

  const Director& director_;
  ConnectionFilter filter_;
  uint64_t left_;
  uint32_t entry_ = 0;
  std::vector<ConnectionTable::Seen> found_;
};

}  // namespace steelyard::control
