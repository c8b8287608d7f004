#include "admin/machine.h"

#include <cmath>

#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace steelyard::admin {
namespace json = boost::json;
namespace {

constexpr std::array<const char*, kStages> kStageNames{"receive", "parse",   "find",   "open",
                                                       "track",   "rewrite", "answer", "send"};
constexpr std::array<const char*, kBatchClasses> kBatchNames{"1", "2-3", "4-7", "8-15", "16-31", "32"};

// With three places, as more would be noise.
double rounded(double v) { return std::round(v * 1000) / 1000; }

json::object timed(const control::WorkerView& w) {
  json::object batches, ns;
  for (std::size_t i = 0; i < kBatchClasses; ++i) batches[kBatchNames[i]] = w.batches[i];
  for (std::size_t i = 0; i < kStages; ++i) ns[kStageNames[i]] = rounded(w.stage_ns[i]);
  return {{"every", kTimedEvery},
          {"turns", w.timed_turns},
          {"packets", w.timed_packets},
          {"batches", std::move(batches)},
          {"ns", std::move(ns)}};
}

}  // namespace

json::array ports(std::span<const control::PortView> views) {
  json::array list;
  for (const control::PortView& p : views) {
    const dpdk::PortStats& c = p.device_counts;
    list.push_back({{"name", p.name},
                    {"device", p.device},
                    {"driver", p.driver},
                    {"link", p.link ? "up" : "down"},
                    {"speed", p.speed},
                    {"mac", to_string(p.mac)},
                    {"mtu", p.mtu},
                    {"received", c.received},
                    {"sent", c.sent},
                    {"received_bytes", c.received_bytes},
                    {"sent_bytes", c.sent_bytes},
                    {"missed", c.missed},
                    {"no_buffer", c.no_buffer},
                    {"receive_errors", c.receive_errors},
                    {"send_errors", c.send_errors},
                    {"refused", p.refused},
                    {"bad_tags", p.bad_tags},
                    {"to_kernel", p.kernel.up},
                    {"from_kernel", p.kernel.down},
                    {"kernel_lost", p.kernel.lost}});
  }
  return list;
}

json::array workers(std::span<const control::WorkerView> views) {
  json::array list;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const control::WorkerView& w = views[i];
    list.push_back({{"worker", i},
                    {"core", w.core},
                    {"busy", rounded(w.busy)},
                    {"batch", rounded(w.batch)},
                    {"packets_per_second", rounded(w.packets_per_second)},
                    {"turns", w.turns},
                    {"idle_turns", w.idle_turns},
                    {"packets", w.packets},
                    {"sleeps", w.sleeps},
                    {"timed", timed(w)}});
  }
  return list;
}

}  // namespace steelyard::admin
