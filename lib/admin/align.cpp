#include "admin/align.h"

#include <algorithm>
#include <cctype>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace steelyard::admin {
namespace {

bool is_number(const std::string& s) {
  constexpr std::string_view kBeside = "-.%";
  return !s.empty() && (std::isdigit(static_cast<unsigned char>(s.back())) != 0 || s.back() == '%') &&
         std::ranges::all_of(s, [&](char c) {
           return std::isdigit(static_cast<unsigned char>(c)) != 0 ||
                  kBeside.find(c) != std::string_view::npos;
         });
}

}  // namespace

std::string cell(const boost::json::value& v) {
  return v.is_string() ? std::string(v.as_string().c_str()) : boost::json::serialize(v);
}

std::string align(const std::vector<Row>& rows) {
  std::vector<std::size_t> width(rows.front().size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::string& sample = rows.size() > 1 ? rows[r == 0 ? 1 : r][i] : rows[r][i];
      line += is_number(sample) ? fmt::format("{:>{}}", rows[r][i], width[i])
                                : fmt::format("{:<{}}", rows[r][i], width[i]);
      if (i + 1 < rows[r].size()) line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace steelyard::admin
