// What can be known to go wrong before the EAL starts, so that a bad start is one clear line and leaves
// nothing behind. Control core, at start, before anything else is made.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace steelyard::dpdk {

// Cores, privileges, the ports' devices, memory (`table_bytes`: of the connection table). Throws StartError.
void check_start(const config::Config& config, uint64_t table_bytes);

// True unless the EAL is told not to use huge pages.
bool uses_huge_pages(const config::Director& director);

}  // namespace steelyard::dpdk
