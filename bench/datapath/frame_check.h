// Whether what the director sent for a packet of a capture is right, judged by the packet that came in and by
// the configuration alone.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>

#include "config/config.h"
#include "replay/dissect.h"
#include "replay/memory_io.h"

namespace steelyard::bench {

class FrameChecker {
 public:
  explicit FrameChecker(const config::Config& config);

  // A packet that was forwarded, and what left for it. Empty, or what is wrong with that.
  std::string look(const replay::Frame& in, const replay::Frame& out);

 private:
  using Bytes = std::span<const uint8_t>;
  std::string look_at_ethernet(const replay::Frame& out, const replay::IpView& ip) const;
  std::string look_at_flow(const replay::FlowView& in, const replay::FlowView& out);
  bool is_virtual(Protocol protocol, Endpoint e) const { return services_.contains({protocol, e}); }

  std::map<std::pair<Protocol, Endpoint>, std::set<Endpoint>> services_;  // their servers
  std::map<std::pair<std::string, Ipv4>, Mac> neighbours_;                // by port
  std::vector<std::string> ports_;
  Ipv4 gateway_{};
  // Client and virtual endpoint -> server, client and server -> virtual endpoint.
  std::map<std::tuple<Protocol, Endpoint, Endpoint>, Endpoint> there_, back_;
};

}  // namespace steelyard::bench
