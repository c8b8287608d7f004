// The kinds of checks. A new one: an alternative of config::HealthCheck::kind, its own file, its row in
// kinds.cpp, a test, its keys in docs/configuration.md.
#pragma once

#include "health/probe.h"

namespace steelyard::health {

using Start = std::shared_ptr<Probe> (*)(const Surroundings&, Endpoint, const config::HealthCheck&, Done);

std::shared_ptr<Probe> start_tcp(const Surroundings&, Endpoint, const config::HealthCheck&, Done);
std::shared_ptr<Probe> start_http(const Surroundings&, Endpoint, const config::HealthCheck&, Done);

}  // namespace steelyard::health
