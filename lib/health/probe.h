// One check under way: asks a server once, says how it went. Control core only; nothing blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "base/types.h"
#include "config/config.h"

namespace steelyard::health {

// unknown: the director itself could not ask (no descriptors, no memory), which says nothing about the
// server.
enum class Outcome : uint8_t { passed, failed, unknown };

struct Result {
  Outcome outcome = Outcome::unknown;
  std::string reason;  // one line: "status 503, expected 200"; of a check that passed: what was seen
};

// Called once, from the loop, never from within the call that starts the check.
using Done = std::function<void(Result)>;

class Probe {
 public:
  virtual ~Probe() = default;
  // The time is over: `done` will not be called any more. Returns what was waited for: "connect timed out".
  virtual std::string_view give_up() = 0;
};

// What a check finds around it.
struct Surroundings {
  boost::asio::io_context& loop;
  // Whether the kernel's way to an address leaves by one of the director's ports, as the traffic does. A
  // machine's default route over its management network must not make a server look well.
  std::function<bool(Ipv4)> routed;
};

// Asks `target` as `how` says. Keep what is returned until `done` has been called, or give up.
std::shared_ptr<Probe> start_probe(const Surroundings& around, Endpoint target,
                                   const config::HealthCheck& how, Done done);

// "tcp", "http"
std::string_view kind_of(const config::HealthCheck& how) noexcept;

}  // namespace steelyard::health
