// What the admin API answers, as JSON. Pure functions of the control core's view; called on its thread.
#pragma once

#include <boost/json.hpp>

#include "control/director.h"

namespace steelyard::admin {

// GET /v1/services: a list of {name, address, port, protocol, scheduler, scheduler_options, state,
// connections, active, inactive, packets_in, packets_out, bytes_in, bytes_out, per_second: {connections,
// packets_in, packets_out, bytes_in, bytes_out}, servers: [{address, port, weight, state, reason, and the
// same counters}]}.
boost::json::array services(const control::Director& director);
// GET /v1/servers: a list of {service, and what services() says of a server}.
boost::json::array servers(const control::Director& director);
// POST /v1/services/*/zero: {zeroed: name}. Throws Refusal where there is no such service.
boost::json::object zero(control::Director& director, std::string_view service);
// GET /v1/drops: {reason: count}, every reason, also those at zero.
boost::json::object drops(const control::Director& director);
// GET /v1/packets: {received, forwarded, kernel, originated, dropped}.
boost::json::object packets(const control::Director& director);
// GET /v1/table: {capacity, used, bytes, huge_pages}.
boost::json::object table(const control::Director& director);

}  // namespace steelyard::admin
