#include "datapath/report.h"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace steelyard::bench {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

Result summarise(std::string contestant, const Setting& setting,
                 const std::vector<std::vector<Round>>& rounds, const Contestant::Facts& facts) {
  std::vector<double> cpu, tsc, mpps;
  for (const auto& workers : rounds) {
    Round sum;
    double rate = 0;
    for (const Round& r : workers) {
      sum += r;
      rate += static_cast<double>(r.packets) / r.cpu_ns * 1e3;
    }
    cpu.push_back(sum.cpu_ns / static_cast<double>(sum.packets));
    tsc.push_back(sum.tsc_ns / static_cast<double>(sum.packets));
    mpps.push_back(rate);
  }
  Result result{std::move(contestant), setting.flows, setting.workers, setting.affinity};
  result.ns_per_packet = median(cpu);
  result.tsc_ns_per_packet = median(tsc);
  result.mpps = median(mpps);
  for (double& v : cpu) v = std::abs(v - result.ns_per_packet);
  result.mad = median(cpu);
  if (facts.opens_connections) result.connections_per_second = result.mpps * 1e6 * facts.connections_a_packet;
  result.bytes_per_connection = facts.bytes_per_connection;
  result.seconds_to_open = facts.seconds_to_open;
  result.huge_pages = facts.huge_pages;
  result.forwarded = facts.forwarded;
  return result;
}

std::string table(const std::vector<Result>& results) {
  std::string out =
      fmt::format("{:<12}{:>12}{:>9}{:>12}{:>8}{:>12}{:>10}{:>16}{:>14}\n", "contestant", "flows", "workers",
                  "ns/packet", "MAD", "ns elapsed", "Mpps", "connections/s", "bytes/conn");
  for (const Result& r : results)
    out += fmt::format("{:<12}{:>12}{:>9}{:>12.1f}{:>8.1f}{:>12.1f}{:>10.2f}{:>16}{:>14}\n", r.contestant,
                       r.flows, r.workers, r.ns_per_packet, r.mad, r.tsc_ns_per_packet, r.mpps,
                       r.connections_per_second ? fmt::format("{:.0f}", *r.connections_per_second) : "",
                       r.bytes_per_connection ? fmt::format("{:.1f}", *r.bytes_per_connection) : "");
  for (const Result& r : results)
    if (r.seconds_to_open && r.flows >= 1'000'000)
      out += fmt::format("{} connections opened in {:.1f} s\n", r.flows, *r.seconds_to_open);
  return out;
}

std::string json(const std::vector<Result>& results) {
  boost::json::array list;
  for (const Result& r : results) {
    boost::json::object o{{"contestant", r.contestant},
                          {"flows", r.flows},
                          {"workers", r.workers},
                          {"ns_per_packet", r.ns_per_packet},
                          {"mad", r.mad},
                          {"tsc_ns_per_packet", r.tsc_ns_per_packet},
                          {"mpps", r.mpps}};
    if (r.workers > 1) o["affinity"] = r.affinity;
    if (r.connections_per_second) o["connections_per_second"] = *r.connections_per_second;
    if (r.bytes_per_connection) o["bytes_per_connection"] = *r.bytes_per_connection;
    if (r.seconds_to_open) o["seconds_to_open"] = *r.seconds_to_open;
    if (r.huge_pages) o["huge_pages"] = *r.huge_pages;
    if (r.forwarded) o["forwarded"] = *r.forwarded;
    list.push_back(std::move(o));
  }
  return boost::json::serialize(list) + "\n";
}

}  // namespace steelyard::bench
