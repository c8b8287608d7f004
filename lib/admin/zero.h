// `steelyardctl zero [SERVICE]`.
#pragma once

#include <iosfwd>

#include "admin/command.h"

namespace steelyard::admin {

int zero_counters(const Invocation& call, std::ostream& out);

}  // namespace steelyard::admin
