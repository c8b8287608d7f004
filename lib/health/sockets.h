// Room for the sockets of many checks at once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace steelyard::health {

// Raises this process's limit of open files to what `checks` under way at once need beside all else. Returns
// a warning that says what to do if it may not.
std::optional<std::string> allow_sockets(std::size_t checks);

}  // namespace steelyard::health
