// `steelyardctl show ...`: what an API path answers, once or again and again, as a table or as it is.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "admin/command.h"

namespace steelyard::admin {

// Options of every `show`.
inline constexpr Option kWatch{"watch,w", "[SECONDS]", "again every so many seconds (2) until Ctrl-C"};

// Asks for `path` and writes `table` of the answer, or the answer itself with -o json; with --watch until it
// fails or is interrupted.
using Table = std::function<std::string(const boost::json::value&)>;
int show(const Invocation& call, std::ostream& out, std::string_view path, const Table& table);

// Runs `once`, or with --watch again and again until it returns something other than kDone. `title` stands
// above each answer on a terminal.
int watched(const Invocation& call, std::ostream& out, std::string_view title,
            const std::function<int()>& once);

}  // namespace steelyard::admin
