// Ports and workers as the admin API tells them. Pure functions.
#pragma once

#include <span>

#include <boost/json/array.hpp>

#include "control/port_views.h"
#include "control/worker_loads.h"

namespace steelyard::admin {

// GET /v1/ports: a list of {name, device, driver, link: "up" | "down", speed (Mbit/s, 0: not known), mac,
// mtu, received, sent, received_bytes, sent_bytes, missed, no_buffer, receive_errors, send_errors, refused,
// bad_tags, to_kernel, from_kernel, kernel_lost}.
boost::json::array ports(std::span<const control::PortView> views);
// GET /v1/workers: a list of {worker, core, busy (0 to 1), batch, packets_per_second, turns, idle_turns,
// packets, sleeps, timed: {every, turns, packets, batches: {"1": turns, ...}, ns: {stage: a packet, ...}}}.
boost::json::array workers(std::span<const control::WorkerView> views);

}  // namespace steelyard::admin
