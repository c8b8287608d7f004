// What steelyard-replay prints.
#pragma once

#include <string>

#include "replay/engine.h"

namespace steelyard::replay {

// {"received": .., "forwarded": .., "kernel": .., "originated": .., "dropped": {reason: n}}; reasons that did
// not occur are left out.
std::string to_json(const Counts& counts);
std::string to_table(const Counts& counts);
// One line: what the packet was and what became of it. `counts`: of this packet alone.
std::string describe(const Captured& packet, const std::string& port, uint64_t number, const Counts& counts);

}  // namespace steelyard::replay
