// The admin API: its paths and what they answer. docs/admin-api.md lists them for users.
#pragma once

#include <functional>
#include <vector>

#include "admin/route.h"
#include "control/director.h"
#include "control/health_checks.h"
#include "control/port_views.h"

namespace steelyard::admin {

// What is asked for answers; all of it outlives the server's event loop.
struct Sources {
  control::Director& director;
  const control::HealthChecks& health;
  control::MomentClock clock;  // that packets are stamped with
  std::function<std::vector<control::PortView>()> ports;
};

Routes routes(const Sources& sources);

}  // namespace steelyard::admin
