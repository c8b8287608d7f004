#include <algorithm>
#include <array>

#include "config/load.h"
#include "config/text.h"

namespace steelyard::config {
namespace {
constexpr unsigned kMaxCore = 1023, kMaxWorkers = 64;
constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un::sun_path with its final 0
constexpr std::size_t kMaxGroupName = 32;
constexpr std::size_t kMaxInstance = 13;  // leaves room for "-" and a port's name in that of an interface

void read_kernel_path(Value value, Director& d, Report& report) {
  const Map map(value, schema::kKernelPath, report);
  for (std::size_t i = 0; i < kKernelClasses; ++i)
    map.read(to_string(static_cast<KernelClass>(i)), d.kernel_rates[i], Rate{});
}

// The cores are given by control_core and worker_cores; the EAL's own options for them would contradict.
bool names_cores(std::string_view option) {
  const std::string_view name = option.substr(0, option.find('='));
  if (option.starts_with("--")) return name == "--lcores" || name == "--main-lcore";
  return option.starts_with("-l") || option.starts_with("-c");
}

void read_eal(Value value, Director& d, Report& report) {
  for_each_item(value, 256, report, [&](Value item) {
    const auto option = Text{1024}(item, report);
    if (!option) return;
    if (*option == "-h" || *option == "--help")
      report.error(item.node.at, "{} in eal, which only prints a help text; allowed: other options",
                   quote(*option));
    if (names_cores(*option))
      report.error(item.node.at, "{} in eal; allowed: cores by control_core and worker_cores only",
                   quote(*option));
    d.eal.push_back(*option);
  });
}

void check_core(unsigned core, Place at, const Director& d, Report& report) {
  if (core != d.control_core) return;
  if (d.idle == Idle::poll)
    report.error(at, "core {} is the control core too; allowed: another core, or idle: sleep", core);
  else
    report.warning(at, "core {} is the control core too: they take turns, which costs latency", core);
}

void read_worker_cores(Value value, Director& d, Report& report) {
  d.worker_cores.clear();
  Unique<unsigned> seen;
  for_each_item(value, kMaxWorkers, report, [&](Value item) {
    const auto n = Integer{0, kMaxCore}(item, report);
    if (!n) return;
    const auto core = static_cast<unsigned>(*n);
    if (!seen.add(core, item.node.at, fmt::format("worker core {}", core), report)) return;
    check_core(core, item.node.at, d, report);
    d.worker_cores.push_back(core);
  });
  if (value.node.kind == Node::Kind::list && value.node.items.empty())
    report.error(value.node.at, "worker_cores is empty; allowed: 1 to {} cores", kMaxWorkers);
}
}  // namespace

std::string default_admin_socket(std::string_view instance) {
  return fmt::format("/run/steelyard/{}.sock", instance.empty() ? "steelyard" : instance);
}

Director read_director(Value value, Report& report) {
  static constexpr std::array<std::string_view, 2> kIdle{"poll", "sleep"};
  Director d;
  const Map map(value, schema::kDirector, report);
  if (!map.is_map()) return d;
  map.read("instance", d.instance, Name{kMaxInstance});
  d.admin_socket = default_admin_socket(d.instance);
  map.read("control_core", d.control_core, Integer{0, kMaxCore});
  map.read("connections", d.connections, Count{1000, 1'000'000'000});
  map.read("idle", d.idle, Choice{kIdle});
  map.read("admin_socket", d.admin_socket, Text{kMaxSocketPath});
  map.read("admin_group", d.admin_group, Name{kMaxGroupName});
  map.read("icmp_errors_per_second", d.icmp_error_rate, Rate{});
  map.read("resets_per_second", d.reset_rate, Rate{});
  if (const Node* node = map.find("eal")) read_eal({*node, "eal"}, d, report);
  if (const Node* node = map.find("kernel_path")) read_kernel_path({*node, "kernel_path"}, d, report);
  if (const Node* node = map.find("worker_cores"))
    read_worker_cores({*node, "worker_cores"}, d, report);
  else
    for (const unsigned core : d.worker_cores) check_core(core, map.place("control_core"), d, report);
  return d;
}

}  // namespace steelyard::config
