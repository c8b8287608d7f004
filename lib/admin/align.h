// Aligned tables, for what steelyardctl prints.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace steelyard::admin {

using Row = std::vector<std::string>;

// A JSON value as a table shows it: a text without quotes, anything else as it is.
std::string cell(const boost::json::value& v);

// Columns two blanks apart, numbers to the right, words to the left. All rows are as long as the first, which
// is the header.
std::string align(const std::vector<Row>& rows);

}  // namespace steelyard::admin
