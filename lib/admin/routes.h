// The admin API: its paths and what they answer. docs/admin-api.md lists them for users.
#pragma once

#include "admin/route.h"
#include "control/director.h"
#include "control/health_checks.h"

namespace steelyard::admin {

// What is asked for answers; all of it outlives the server's event loop.
struct Sources {
  control::Director& director;
  const control::HealthChecks& health;
  control::MomentClock clock;  // that packets are stamped with
};

Routes routes(const Sources& sources);

}  // namespace steelyard::admin
