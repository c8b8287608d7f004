// Which packets a capture is for. A worker asks once for each packet and capture; pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/types.h"
#include "net/batch.h"
#include "service/snapshot.h"

namespace steelyard::capture {

// No frame is longer.
inline constexpr uint32_t kLongest = 65535;

// A set of drop reasons, as bits.
using Reasons = uint64_t;
static_assert(kDropReasons <= 64);
constexpr Reasons bit(DropReason r) noexcept { return Reasons{1} << static_cast<unsigned>(r); }
inline constexpr Reasons kEveryReason = ~Reasons{0};

struct Filter {
  struct Service {
    ServiceSlot slot = kNoService;
    Endpoint address;
    Protocol protocol = Protocol::none;
  };
  std::optional<Service> service;  // what goes to its endpoint, and both sides of its connections
  std::optional<Prefix> client;    // either address, also that of a connection an ICMP error is about
  Reasons drops = 0;               // 0: what comes and what leaves; else only what ends under such a reason
  uint32_t snaplen = kLongest;     // bytes of a frame that are kept
};

// Whether a packet belongs to the service and the client of the filter. `p` has passed the stages up to
// track() or has got a verdict on the way.
bool concerns(const Filter& filter, const Packet& p) noexcept;

}  // namespace steelyard::capture
