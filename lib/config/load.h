// The parts of load(): each reads one part of the file and reports what is wrong with it. What they return is
// complete only if the report has no errors.
#pragma once

#include <optional>
#include <vector>

#include "config/schema.h"

namespace steelyard::config {

Director read_director(Value value, Report& report);
// `instance`: the director's; its ports' interfaces are named after it.
std::vector<Port> read_ports(Value value, std::string_view instance, Report& report);
std::vector<Neighbour> read_neighbours(Value value, const std::vector<Port>& ports, Report& report);
std::vector<Route> read_routes(Value value, const std::vector<Port>& ports, Report& report);
std::vector<Service> read_services(Value value, Report& report);

// `persistence:` of a service.
Persistence read_persistence(Value value, Report& report);
// What persistence groups and one_packet services ask of each other.
void check_together(const std::vector<Service>& services, Report& report);

// `health:` of a service or, where `base` is the service's, of a server, whose keys win over the service's.
// Nothing: `none`.
std::optional<HealthCheck> read_health(Value value, const std::optional<HealthCheck>& base, Report& report);

// What is right by itself and doubtful in the whole; only for a file without errors.
void warn_about(const Config& config, Report& report);

}  // namespace steelyard::config
