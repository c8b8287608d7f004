#include "admin/tables.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "admin/align.h"
#include "net/verdict.h"

namespace steelyard::admin {
namespace json = boost::json;
namespace {

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

// A row of `values`, whose names become the header.
void add_timed(std::vector<Row>& rows, const std::string& worker, const json::object& values) {
  Row row{worker};
  for (const auto& [name, value] : values) {
    if (rows.size() == 1) rows.front().emplace_back(name.data(), name.size());
    row.push_back(value.is_double() ? fmt::format("{:.1f}", value.as_double()) : cell(value));
  }
  rows.push_back(std::move(row));
}

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

std::string ports_table(const json::value& ports) {
  constexpr std::array kShown{"received",    "sent",    "missed",    "no_buffer",   "receive_errors",
                              "send_errors", "refused", "to_kernel", "from_kernel", "kernel_lost"};
  std::vector<Row> rows{{"PORT", "LINK", "MBIT/S", "MAC", "MTU", "DRIVER", "RECEIVED", "SENT", "MISSED",
                         "NO BUFFER", "RX ERRORS", "TX ERRORS", "REFUSED", "TO KERNEL", "FROM KERNEL",
                         "KERNEL LOST"}};
  for (const json::value& v : ports.as_array()) {
    const json::object& p = v.as_object();
    const std::string speed = cell(p.at("speed"));
    Row row{cell(p.at("name")), cell(p.at("link")), speed == "0" ? "?" : speed,
            cell(p.at("mac")),  cell(p.at("mtu")),  cell(p.at("driver"))};
    for (const char* name : kShown) row.push_back(cell(p.at(name)));
    rows.push_back(std::move(row));
  }
  return align(rows);
}

std::string workers_table(const json::value& workers) {
  std::vector<Row> loads{
      {"WORKER", "CORE", "BUSY", "PACKETS/S", "BATCH", "TURNS", "IDLE TURNS", "PACKETS", "SLEEPS"}};
  std::vector<Row> stages{{"WORKER"}}, batches{{"WORKER"}};
  for (const json::value& v : workers.as_array()) {
    const json::object& w = v.as_object();
    const std::string worker = cell(w.at("worker"));
    loads.push_back({worker, cell(w.at("core")),
                     fmt::format("{:.1f}%", w.at("busy").to_number<double>() * 100),
                     fmt::format("{:.0f}", w.at("packets_per_second").to_number<double>()),
                     fmt::format("{:.1f}", w.at("batch").to_number<double>()), cell(w.at("turns")),
                     cell(w.at("idle_turns")), cell(w.at("packets")), cell(w.at("sleeps"))});
    const json::object& timed = w.at("timed").as_object();
    add_timed(stages, worker, timed.at("ns").as_object());
    add_timed(batches, worker, timed.at("batches").as_object());
  }
  return align(loads) + "\nnanoseconds a packet in each stage, of one turn in 1024 that had packets:\n" +
         align(stages) + "\nthose turns by the packets they had:\n" + align(batches);
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
