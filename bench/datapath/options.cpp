#include "datapath/options.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "replay/flow_map.h"

namespace steelyard::bench {
namespace {

namespace po = boost::program_options;

std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> parts;
  boost::split(parts, list, boost::is_any_of(","));
  return parts;
}

// 1000, 100k, 10M
uint32_t number(const std::string& text, const char* option, uint32_t least, uint32_t most) {
  uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const uint64_t times = unit == "k" ? 1000 : unit == "M" ? 1'000'000 : 1;
  if (error != std::errc{} || (times == 1 && !unit.empty()) || n > most / times || n * times < least)
    throw UsageError(fmt::format("--{} {}: a number from {} to {} is wanted, such as 1000, 100k or 10M",
                                 option, text, least, most));
  return static_cast<uint32_t>(n * times);
}

Order order_of(const std::string& text) {
  if (text == "random") return Order::random;
  if (text == "sequential") return Order::sequential;
  if (text == "zipf") return Order::zipf;
  throw UsageError(fmt::format("--order {}: random, sequential or zipf", text));
}

Sizes sizes_of(const std::string& text) {
  if (text == "imix") return {.imix = true};
  return {.fixed = static_cast<uint16_t>(number(text, "size", 64, 1518) - 4)};
}

po::options_description description() {
  const auto value = [] { return po::value<std::string>(); };
  const auto values = [] { return po::value<std::vector<std::string>>()->multitoken(); };
  po::options_description d("options");
  auto add = d.add_options();
  add("help,h", "this text")("version", "the version");
  add("contestants", value(), "which ones, in any order (default: source,macswap,nat)");
  add("flows", value(), "numbers of connections (default: 1000,100k,1M)");
  add("workers", value(), "numbers of workers (default: 1)");
  add("affinity", "both directions of a flow on one worker (default)");
  add("no-affinity", "spread at random");
  add("order", value(), "random, sequential or zipf");
  add("size", value(), "frame: 64 to 1518 bytes, or imix (default: 64)");
  add("ratio", value(), "requests to replies: 1:1 (default), or any two numbers up to 100");
  add("pcap", values(), "captures (pcap, pcapng) as traffic instead of --flows");
  add("map", value()->implicit_value("4"),
      "makes traffic of services of any capture; =K: servers of each (4). See docs/replay.md");
  add("multiply", value(), "with --map: plays the captures so many times over, each with other clients");
  add("device", values(),
      "one or two devices that bring the packets: PCI addresses, or net_pcap0,rx_pcap=FILE,infinite_rx=1");
  add("latency", value(), "instead: how long batches take, so many of them (10M)");
  add("write", value(), "instead: writes the traffic to FILE, or to FILE,FILE by port");
  add("rounds", value(), "timed rounds of each contestant (default: 9)");
  add("round-packets", value(), "packets in a round of each worker (default: 2M)");
  add("no-huge", "normal pages also where there are huge ones");
  add("json", value(), "write the results to this file");
  return d;
}

void take_contestants(Options& options, const std::string& list) {
  options.contestants = words(list);
  for (const std::string& name : options.contestants)
    if (std::ranges::none_of(contestants(), [&](const ContestantKind& k) { return k.name == name; }))
      throw UsageError(fmt::format("--contestants: there is no {}; see --help", name));
}

// 1:1, 3:1
Ratio ratio_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos)
    throw UsageError(fmt::format("--ratio {}: two numbers such as 1:1 are wanted", text));
  const Ratio r{number(text.substr(0, colon), "ratio", 0, 100),
                number(text.substr(colon + 1), "ratio", 0, 100)};
  if (r.requests + r.replies == 0) throw UsageError("--ratio 0:0: that is no traffic");
  return r;
}

bool is_default(const po::variables_map& given, std::initializer_list<const char*> names) {
  return std::ranges::none_of(names, [&](const char* n) { return given.contains(n); });
}

void take_sources(Options& options, const po::variables_map& given) {
  if (given.contains("pcap")) options.pcap = given["pcap"].as<std::vector<std::string>>();
  if (given.contains("device")) options.devices = given["device"].as<std::vector<std::string>>();
  if (given.contains("map")) {
    options.map = true;
    options.map_servers = number(given["map"].as<std::string>(), "map", 1, replay::kMostMappedServers);
  }
  if (given.contains("multiply"))
    options.multiply = number(given["multiply"].as<std::string>(), "multiply", 1, 1'000'000);
  if (given.contains("write")) options.write = words(given["write"].as<std::string>());
  if (given.contains("latency"))
    options.latency = number(given["latency"].as<std::string>(), "latency", 1000, 1'000'000'000);
}

// What does not go together.
void check_together(const Options& options, const po::variables_map& given) {
  if (options.map && options.pcap.empty())
    throw UsageError("--map: of which captures? --pcap FILE... names them");
  if (options.multiply > 1 && !options.map) throw UsageError("--multiply: only with --map");
  if (!options.pcap.empty() && !is_default(given, {"flows", "order", "size", "ratio"}))
    throw UsageError("--pcap: --flows, --order, --size and --ratio are of made-up traffic");
  for (const std::string& name : options.contestants) {
    const auto kind = std::ranges::find(contestants(), name, &ContestantKind::name);
    if ((!options.pcap.empty() || !options.devices.empty()) && !kind->of_captures)
      throw UsageError(
          fmt::format("--contestants: {} makes its own packets, it goes with neither --pcap nor "
                      "--device",
                      name));
  }
  if (options.devices.size() > 2) throw UsageError("--device: one, or one outside and one inside");
  if (!options.devices.empty() && options.workers != std::vector<unsigned>{1})
    throw UsageError("--device: with one worker only");
  if (options.write.size() > 2) throw UsageError("--write: one file, or one of each port");
  if (options.latency > 0 &&
      !(options.pcap.empty() && options.devices.empty() && is_default(given, {"workers"})))
    throw UsageError("--latency: on one worker, with its own traffic");
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  po::variables_map given;
  const po::positional_options_description none;
  try {
    po::store(po::command_line_parser(argc, argv).options(description()).positional(none).run(), given);
  } catch (const po::error& e) {
    throw UsageError(e.what());
  }
  const auto text = [&](const char* name) { return given[name].as<std::string>(); };
  Options options;
  options.help = given.contains("help");
  options.version = given.contains("version");
  if (given.contains("contestants")) take_contestants(options, text("contestants"));
  if (given.contains("flows")) {
    options.flows.clear();
    for (const std::string& w : words(text("flows")))
      options.flows.push_back(number(w, "flows", 32, 200'000'000));
  }
  if (given.contains("workers")) {
    options.workers.clear();
    for (const std::string& w : words(text("workers")))
      options.workers.push_back(number(w, "workers", 1, 16));
  }
  options.affinity = !given.contains("no-affinity");
  if (given.contains("order")) options.order = order_of(text("order"));
  if (given.contains("size")) options.sizes = sizes_of(text("size"));
  if (given.contains("ratio")) options.ratio = ratio_of(text("ratio"));
  if (given.contains("rounds")) options.rounds = number(text("rounds"), "rounds", 1, 1000);
  if (given.contains("round-packets"))
    options.round_packets = number(text("round-packets"), "round-packets", 32, 1'000'000'000);
  options.huge_pages = !given.contains("no-huge");
  if (given.contains("json")) options.json = text("json");
  take_sources(options, given);
  check_together(options, given);
  return options;
}

std::string help_text() {
  std::ostringstream out;
  out << "usage: steelyard-bench [options]\n\nTimes the director's datapath on memory instead of wires, "
         "several "
         "contestants in turn on the same packets.\n\ncontestants:\n";
  for (const ContestantKind& k : contestants()) out << fmt::format("  {:<10}{}\n", k.name, k.what);
  out << "\n"
      << description() << R"(
examples:
  steelyard-bench --contestants macswap,nat --flows 1000,1M --json result.json
  steelyard-bench --pcap a.pcap b.pcapng --map --multiply 100
  steelyard-bench --latency 10M --flows 100k
  steelyard-bench --flows 1000 --write t.pcap && steelyard-bench --flows 1000 --device net_pcap0,rx_pcap=t.pcap,infinite_rx=1
)";
  return out.str();
}

}  // namespace steelyard::bench
