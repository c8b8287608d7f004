// Connections as the admin API tells them.
#pragma once

#include <memory>

#include "admin/route.h"
#include "control/connection_list.h"

namespace steelyard::admin {

// What the query of GET /v1/connections says. Throw Refusal, naming the parameter: 400, or 404 where the
// director knows no such service.
control::ConnectionFilter connection_filter(const Request& request, const control::Director& director);
uint64_t connection_limit(const Request& request);  // without one: as good as none
inline constexpr std::string_view kConnectionParameters[] = {"client", "server",    "service",
                                                             "state",  "templates", "limit"};
inline constexpr std::string_view kTemplateParameters[] = {"client", "server", "service", "limit"};

// GET /v1/connections: a list of {protocol, client, virtual, server, service, state, active, idle,
// expires_in}, one a line; a template has {template: true} too. GET /v1/persistence, of a filter that lists
// templates only: {protocol, client, virtual, server, service, group, connections, assured, idle,
// expires_in}. Endpoints are "address:port", times seconds. The director outlives the stream.
std::unique_ptr<Stream> list_connections(const control::Director& director, control::ConnectionFilter filter,
                                         uint64_t limit);

}  // namespace steelyard::admin
