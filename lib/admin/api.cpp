#include "admin/api.h"

#include <cmath>

#include <fmt/format.h>

#include "admin/route.h"
#include "base/types.h"

namespace steelyard::admin {
namespace json = boost::json;
namespace {

json::string text(std::string_view s) { return json::string(s.data(), s.size()); }

void add_totals(json::object& to, const control::Totals& t) {
  to["connections"] = t.connections;
  to["active"] = t.active;
  to["inactive"] = t.inactive;
  to["packets_in"] = t.packets_in;
  to["packets_out"] = t.packets_out;
  to["bytes_in"] = t.bytes_in;
  to["bytes_out"] = t.bytes_out;
}

// With three places, as more would be noise.
double rounded(double v) { return std::round(v * 1000) / 1000; }

json::object per_second(const control::Rates& r) {
  return {{"connections", rounded(r.connections)},
          {"packets_in", rounded(r.packets_in)},
          {"packets_out", rounded(r.packets_out)},
          {"bytes_in", rounded(r.bytes_in)},
          {"bytes_out", rounded(r.bytes_out)}};
}

void add_server(json::object& to, const control::ServerView& s) {
  to["address"] = text(to_string(s.address.address));
  to["port"] = s.address.port.host();
  to["weight"] = s.weight;
  to["state"] = text(to_string(s.state));
  to["reason"] = s.reason;
  add_totals(to, s.totals);
  to["per_second"] = per_second(s.rates);
}

}  // namespace

json::array services(const control::Director& director) {
  json::array list;
  for (const control::ServiceView& view : director.services()) {
    json::object service;
    service["name"] = view.name;
    service["address"] = text(to_string(view.address.address));
    service["port"] = view.address.port.host();
    service["protocol"] = text(to_string(view.protocol));
    service["scheduler"] = view.scheduler;
    service["scheduler_options"] = json::value_from(view.scheduler_options);
    service["state"] = text(to_string(view.state));
    add_totals(service, view.totals);
    service["per_second"] = per_second(view.rates);
    json::array members;
    for (const control::ServerView& s : view.servers) {
      json::object server;
      add_server(server, s);
      members.push_back(std::move(server));
    }
    service["servers"] = std::move(members);
    list.push_back(std::move(service));
  }
  return list;
}

json::array servers(const control::Director& director) {
  json::array list;
  for (const control::ServiceView& view : director.services()) {
    for (const control::ServerView& s : view.servers) {
      json::object server;
      server["service"] = view.name;
      add_server(server, s);
      list.push_back(std::move(server));
    }
  }
  return list;
}

json::object zero(control::Director& director, std::string_view service) {
  if (!director.zero(service)) throw Refusal(404, fmt::format("there is no service {}", service));
  return {{"zeroed", text(service)}};
}

json::object drops(const control::Director& director) {
  json::object object;
  const auto counts = director.drops();
  for (std::size_t i = 0; i < kDropReasons; ++i) object[to_string(static_cast<DropReason>(i))] = counts[i];
  return object;
}

json::object packets(const control::Director& director) {
  const control::Director::Packets p = director.packets();
  uint64_t dropped = 0;
  for (const uint64_t n : director.drops()) dropped += n;
  return {{"received", p.received},
          {"forwarded", p.forwarded},
          {"kernel", p.kernel},
          {"originated", p.originated},
          {"dropped", dropped}};
}

json::object table(const control::Director& director) {
  const ConnectionTable& t = director.table();
  return {{"capacity", t.capacity()},
          {"used", t.size()},
          {"bytes", t.memory_bytes()},
          {"huge_pages", t.on_huge_pages()}};
}

}  // namespace steelyard::admin
