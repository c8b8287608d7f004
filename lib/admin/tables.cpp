#include "admin/tables.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "net/verdict.h"

namespace steelyard::admin {
namespace json = boost::json;
namespace {

using Row = std::vector<std::string>;

std::string cell(const json::value& v) {
  return v.is_string() ? std::string(v.as_string().c_str()) : json::serialize(v);
}

bool is_number(const std::string& s) {
  return !s.empty() &&
         std::ranges::all_of(s, [](unsigned char c) { return std::isdigit(c) != 0 || c == '-'; });
}

// Numbers to the right, words to the left, two blanks between columns.
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

constexpr std::array kCounters{"connections", "active",   "inactive", "packets_in",
                               "packets_out", "bytes_in", "bytes_out"};

void add_counters(Row& row, const json::object& of) {
  for (const char* name : kCounters) row.push_back(cell(of.at(name)));
}

Row header(std::initializer_list<const char*> first) {
  Row row(first.begin(), first.end());
  for (const char* name : kCounters) {
    std::string title(name);
    std::ranges::transform(title, title.begin(),
                           [](unsigned char c) { return c == '_' ? ' ' : std::toupper(c); });
    row.push_back(title);
  }
  return row;
}

std::string endpoint(const json::object& of) { return cell(of.at("address")) + ":" + cell(of.at("port")); }

}  // namespace

std::string services_table(const json::value& services) {
  std::vector<Row> rows{header({"SERVICE", "ADDRESS", "PROTOCOL", "SCHEDULER", "STATE", "SERVERS"})};
  for (const json::value& v : services.as_array()) {
    const json::object& s = v.as_object();
    Row row{cell(s.at("name")),      endpoint(s),         cell(s.at("protocol")),
            cell(s.at("scheduler")), cell(s.at("state")), std::to_string(s.at("servers").as_array().size())};
    add_counters(row, s);
    rows.push_back(std::move(row));
  }
  return align(rows);
}

std::string servers_table(const json::value& servers) {
  std::vector<Row> rows{header({"SERVICE", "SERVER", "STATE", "WEIGHT"})};
  for (const json::value& v : servers.as_array()) {
    const json::object& s = v.as_object();
    Row row{cell(s.at("service")), endpoint(s), cell(s.at("state")), cell(s.at("weight"))};
    add_counters(row, s);
    rows.push_back(std::move(row));
  }
  return align(rows);
}

std::string health_table(const json::value& checks) {
  std::vector<Row> rows{{"SERVER", "CHECK", "STATE", "SINCE", "LAST", "TIMES", "REASON", "SERVICES"}};
  for (const json::value& v : checks.as_array()) {
    const json::object& c = v.as_object();
    std::string services;
    for (const json::value& name : c.at("services").as_array())
      services += (services.empty() ? "" : ",") + cell(name);
    rows.push_back({endpoint(c), cell(c.at("kind")), cell(c.at("state")), cell(c.at("since")),
                    cell(c.at("last")), cell(c.at("in_a_row")), cell(c.at("reason")), services});
  }
  return rows.size() == 1 ? "no health checks\n" : align(rows);
}

std::string drops_table(const json::value& drops) {
  std::vector<Row> rows{{"REASON", "PACKETS", "MEANING"}};
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const json::value* count = drops.as_object().if_contains(to_string(reason));
    if (count == nullptr || cell(*count) == "0") continue;
    rows.push_back({std::string(to_string(reason)), cell(*count), std::string(describe(reason))});
  }
  return rows.size() == 1 ? "no packet was dropped\n" : align(rows);
}

std::string numbers_table(const json::value& object) {
  std::vector<Row> rows;
  for (const auto& [key, value] : object.as_object()) {
    std::string name(key.data(), key.size());
    std::ranges::replace(name, '_', ' ');
    rows.push_back({std::move(name), cell(value)});
  }
  return rows.empty() ? "" : align(rows);
}

}  // namespace steelyard::admin
