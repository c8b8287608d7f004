#include "admin/show_connections.h"

#include <functional>
#include <ostream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "admin/align.h"
#include "admin/client.h"
#include "admin/ipvs.h"

namespace steelyard::admin {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/v1/connections", kTemplatesPath = "/v1/persistence";
using Line = std::function<std::string(const json::object&)>;

// Columns of a fixed width, since lines are printed as they come.
constexpr std::string_view kColumns = "{:<8}  {:<21}  {:<21}  {:<21}  {:<11}  {:<8}  {:>9}  {:>9}  {}\n";

std::string header() {
  return fmt::format(fmt::runtime(kColumns), "PROTOCOL", "CLIENT", "VIRTUAL", "SERVER", "STATE", "COUNTED",
                     "IDLE", "EXPIRES", "SERVICE");
}

std::string line(const json::object& c) {
  const auto seconds = [&c](const char* name) {
    return fmt::format("{:.2f}", c.at(name).to_number<double>());
  };
  return fmt::format(fmt::runtime(kColumns), cell(c.at("protocol")), cell(c.at("client")),
                     cell(c.at("virtual")), cell(c.at("server")), cell(c.at("state")),
                     c.at("active").as_bool() ? "active" : "inactive", seconds("idle"), seconds("expires_in"),
                     cell(c.at("service")));
}

constexpr std::string_view kTemplateColumns =
    "{:<8}  {:<18}  {:<21}  {:<21}  {:<7}  {:>11}  {:>9}  {:>9}  {:<16}  {}\n";

std::string template_header() {
  return fmt::format(fmt::runtime(kTemplateColumns), "PROTOCOL", "CLIENTS", "VIRTUAL", "SERVER", "STATE",
                     "CONNECTIONS", "IDLE", "EXPIRES", "GROUP", "SERVICE");
}

std::string template_line(const json::object& t) {
  const auto seconds = [&t](const char* name) {
    return fmt::format("{:.2f}", t.at(name).to_number<double>());
  };
  const std::string group = cell(t.at("group"));
  return fmt::format(
      fmt::runtime(kTemplateColumns), cell(t.at("protocol")), cell(t.at("client")), cell(t.at("virtual")),
      cell(t.at("server")), t.at("assured").as_bool() ? "ASSURED" : "NONE", cell(t.at("connections")),
      seconds("idle"), seconds("expires_in"), group.empty() ? "-" : group, cell(t.at("service")));
}

std::map<std::string, std::string> query_of(const Invocation& call) {
  std::map<std::string, std::string> query;
  for (const auto& [name, value] : call.options)
    if (name != "watch") query.emplace(name, value);
  return query;
}

// The API's list has one connection a line. Writes what is complete of `bytes` and keeps the rest in `begun`.
void write_lines(std::string_view bytes, std::string& begun, const Line& line, std::ostream& out) {
  begun += bytes;
  std::size_t from = 0;
  for (std::size_t end = 0; (end = begun.find('\n', from)) != std::string::npos; from = end + 1) {
    std::string_view text = std::string_view(begun).substr(from, end - from);
    if (text.ends_with(',')) text.remove_suffix(1);
    if (text.starts_with('{')) out << line(json::parse({text.data(), text.size()}).as_object());
  }
  begun.erase(0, from);
}

int list(const Invocation& call, std::ostream& out, std::string_view path,
         const std::map<std::string, std::string>& query, std::string_view head, const Line& line) {
  return watched(call, out, path, [&] {
    std::string begun;
    bool first = true;
    const Ended ended = stream(call.socket, target(path, query), [&](std::string_view bytes) {
      if (first && !call.json) out << head;
      first = false;
      if (call.json)
        out << bytes;
      else
        write_lines(bytes, begun, line, out);
      return static_cast<bool>(out);
    });
    return ended == Ended::complete ? kDone : out ? kInterrupted : kFailed;
  });
}

}  // namespace

int show_connections(const Invocation& call, std::ostream& out) {
  return list(call, out, kPath, query_of(call), header(), line);
}

int show_persistence(const Invocation& call, std::ostream& out) {
  return list(call, out, kTemplatesPath, query_of(call), template_header(), template_line);
}

int show_ipvs(const Invocation& call, std::ostream& out) {
  const bool stats = call.has("stats"), rates = call.has("rate"), connections = call.has("connections");
  if (stats + rates + connections > 1)
    throw UsageError("show ipvs takes one of --stats, --rate, --connections");
  if (connections)
    return list(call, out, kPath, {{"templates", "yes"}}, kIpvsConnectionsHeader, ipvs_connection);
  const IpvsTable kind = stats ? IpvsTable::stats : rates ? IpvsTable::rates : IpvsTable::list;
  return show(call, out, "/v1/services", [&](const json::value& services) {
    const json::value table = get(call.socket, "/v1/table");
    return ipvs_table(kind, services, table.at("capacity").to_number<uint64_t>(), call.has("exact"));
  });
}

}  // namespace steelyard::admin
