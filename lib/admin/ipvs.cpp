#include "admin/ipvs.h"

#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "admin/align.h"
#include "steelyard_version.h"

namespace steelyard::admin {
namespace {

namespace json = boost::json;

std::string capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// Eight characters wide where that is enough.
std::string large(double value, bool exact) {
  constexpr double kWidest = 99'999'999;
  std::string_view units = " KMGT";
  double n = std::round(value);
  while (!exact && n > kWidest && units.size() > 1) n = std::floor(n / 1000), units.remove_prefix(1);
  return units.front() == ' ' ? fmt::format(" {:>8.0f}", n) : fmt::format(" {:>7.0f}{}", n, units.front());
}

constexpr std::array<const char*, 5> kCounters{"connections", "packets_in", "packets_out", "bytes_in",
                                               "bytes_out"};

std::string numbers(IpvsTable kind, const json::object& of, bool exact) {
  const json::object& from = kind == IpvsTable::rates ? of.at("per_second").as_object() : of;
  std::string text;
  for (const char* name : kCounters) text += large(from.at(name).to_number<double>(), exact);
  return text;
}

std::string endpoint(const json::object& of) { return cell(of.at("address")) + ":" + cell(of.at("port")); }

std::string header(IpvsTable kind) {
  switch (kind) {
    case IpvsTable::list:
      return "Prot LocalAddress:Port Scheduler Flags\n"
             "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n";
    case IpvsTable::stats:
      return "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
             "  -> RemoteAddress:Port\n";
    case IpvsTable::rates:
      break;
  }
  return "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
         "  -> RemoteAddress:Port\n";
}

std::string service_line(IpvsTable kind, const json::object& service, bool exact) {
  const std::string name = fmt::format("{:<4} {}", capitals(cell(service.at("protocol"))), endpoint(service));
  if (kind == IpvsTable::list) return fmt::format("{} {}\n", name, cell(service.at("scheduler")));
  return fmt::format("{:<33}{}\n", name, numbers(kind, service, exact));
}

std::string server_line(IpvsTable kind, const json::object& server, bool last_resort, bool exact) {
  const std::string name = endpoint(server);
  if (kind != IpvsTable::list) return fmt::format("  -> {:<28}{}\n", name, numbers(kind, server, exact));
  const bool used = last_resort || cell(server.at("state")) == "up";
  return fmt::format("  -> {:<28} {:<7} {:<6} {:<10} {}\n", name, "Masq",
                     used ? cell(server.at("weight")) : "0", cell(server.at("active")),
                     cell(server.at("inactive")));
}

}  // namespace

std::string ipvs_table(IpvsTable kind, const json::value& services, uint64_t size, bool exact) {
  std::string out = fmt::format("Steelyard Virtual Server version " STEELYARD_VERSION " (size={})\n", size);
  out += header(kind);
  for (const json::value& v : services.as_array()) {
    const json::object& service = v.as_object();
    out += service_line(kind, service, exact);
    const bool last_resort = cell(service.at("state")) == "use_all";
    for (const json::value& server : service.at("servers").as_array())
      out += server_line(kind, server.as_object(), last_resort, exact);
  }
  return out;
}

std::string ipvs_connection(const json::object& c) {
  const auto expire = static_cast<uint64_t>(c.at("expires_in").to_number<double>());
  return fmt::format("{:<3} {:02}:{:02}  {:<11} {:<18} {:<18} {}\n", capitals(cell(c.at("protocol"))),
                     expire / 60, expire % 60, cell(c.at("state")), cell(c.at("client")),
                     cell(c.at("virtual")), cell(c.at("server")));
}

}  // namespace steelyard::admin
