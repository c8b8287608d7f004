// Health checks as the admin API tells them.
#pragma once

#include <chrono>
#include <memory>
#include <span>

#include "admin/route.h"
#include "health/checker.h"

namespace steelyard::admin {

// GET /v1/health: a list of {address, port, kind, state, since, last, in_a_row, reason, services}. `state`:
// checking, up or down, and `since` when, in UTC (RFC 3339). `last`: what the last check came to, none,
// passed, failed or unknown; `in_a_row`: how often in a row; `reason`: what it saw. `now` is of the clock
// that the checks go by, `wall` the same moment. `checks` must outlive the stream.
std::unique_ptr<Stream> list_health(std::span<const health::Check> checks, std::chrono::milliseconds now,
                                    std::chrono::system_clock::time_point wall);

}  // namespace steelyard::admin
