#include "datapath/options.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <boost/algorithm/string.hpp>
#include <boost/program_options.hpp>
#include <fmt/format.h>

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
  po::options_description d("options");
  d.add_options()("help,h", "this text")("version", "the version")(
      "contestants", po::value<std::string>(), "which ones, in any order (default: source,macswap,nat)")(
      "flows", po::value<std::string>(), "numbers of connections (default: 1000,100k,1M)")(
      "workers", po::value<std::string>(), "numbers of workers (default: 1)")(
      "affinity", "both directions of a flow on one worker (default)")("no-affinity", "spread at random")(
      "order", po::value<std::string>(), "random, sequential or zipf")(
      "size", po::value<std::string>(), "frame: 64 to 1518 bytes, or imix (default: 64)")(
      "rounds", po::value<std::string>(), "timed rounds of each contestant (default: 9)")(
      "round-packets", po::value<std::string>(), "packets in a round of each worker (default: 2M)")(
      "no-huge", "normal pages also where there are huge ones")("json", po::value<std::string>(),
                                                                "write the results to this file");
  return d;
}

void take_contestants(Options& options, const std::string& list) {
  options.contestants = words(list);
  for (const std::string& name : options.contestants)
    if (std::ranges::none_of(contestants(), [&](const ContestantKind& k) { return k.name == name; }))
      throw UsageError(fmt::format("--contestants: there is no {}; see --help", name));
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
  if (given.contains("rounds")) options.rounds = number(text("rounds"), "rounds", 1, 1000);
  if (given.contains("round-packets"))
    options.round_packets = number(text("round-packets"), "round-packets", 32, 1'000'000'000);
  options.huge_pages = !given.contains("no-huge");
  if (given.contains("json")) options.json = text("json");
  return options;
}

std::string help_text() {
  std::ostringstream out;
  out << "usage: steelyard-bench [options]\n\nTimes the director's datapath on memory instead of wires, "
         "several "
         "contestants in turn on the same packets.\n\ncontestants:\n";
  for (const ContestantKind& k : contestants()) out << fmt::format("  {:<10}{}\n", k.name, k.what);
  out << "\n"
      << description()
      << "\nexample:\n  steelyard-bench --contestants macswap,nat --flows 1000,1M --json result.json\n";
  return out.str();
}

}  // namespace steelyard::bench
