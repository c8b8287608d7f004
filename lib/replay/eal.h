// A private EAL for programs that need real mbufs but no device and no privilege: replay, tests, benchmark.
#pragma once

#include "base/start_error.h"

namespace steelyard::replay {

// Initialises the process's EAL without huge pages, devices, files or telemetry and without pinning the
// calling thread, unless somebody in the process did so already. `megabytes` bounds the memory of all pools.
// Main thread, at start. Throws StartError.
void start_private_eal(unsigned megabytes);

}  // namespace steelyard::replay
