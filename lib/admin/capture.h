// GET /v1/capture: packets as they come and leave, without end, as pcapng. Control core's thread.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "admin/route.h"
#include "control/captures.h"
#include "control/director.h"

namespace steelyard::admin {

inline constexpr std::array<std::string_view, 5> kCaptureParameters{"service", "client", "drops", "count",
                                                                    "snaplen"};

// `service`: a name. `client`: an address or a prefix, either side of a packet. `drops`: only packets that
// are dropped, under one of these reasons ("no_server,fragment") or any (""). `count`: the capture ends after
// so many packets. `snaplen`: only so many bytes of each. Throws Refusal: there is no such service (404),
// another one is wrong (400), too many captures run already (429).
std::unique_ptr<Stream> capture_packets(control::Director& director, const Request& request,
                                        control::MomentClock clock);

}  // namespace steelyard::admin
