#include "replay/options.h"

#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "net/batch.h"
#include "replay/flow_map.h"

namespace steelyard::replay {

namespace po = boost::program_options;

namespace {

using Texts = std::vector<std::string>;

po::options_description described() {
  po::options_description d("Options");
  d.add_options()("config", po::value<std::string>()->value_name("FILE"), "the director's configuration")(
      "map", po::value<unsigned>()->implicit_value(4)->value_name("=K"),
      "instead of a configuration: every server endpoint of the capture becomes a virtual service with K "
      "servers (4)")(
      "in", po::value<Texts>()->value_name("NAME=FILE"),
      "frames that port NAME receives (pcap, pcapng); may be repeated, the files are merged by "
      "time; with --map just FILE")("out", po::value<Texts>()->value_name("NAME=FILE"),
                                    "write what leaves by port NAME")(
      "kernel", po::value<Texts>()->value_name("NAME=FILE"),
      "write what goes to port NAME's kernel interface")("json", "print the result as JSON")(
      "verbose", "print a line for every packet")(
      "verify", "check what leaves: checksums, buffers, sums; exit code 4 if something is wrong")(
      "batch", po::value<unsigned>()->default_value(1)->value_name("N"), "packets in one turn of the worker")(
      "version", "print the version")("help", "print this");
  return d;
}

Options::PortFile split(const std::string& option, const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw UsageError(fmt::format("--{} {}: give it as NAME=FILE, NAME being a port", option, text));
  return {text.substr(0, at), text.substr(at + 1)};
}

void check(const Options& o) {
  if (o.config.empty() == !o.map) throw UsageError("give either --config FILE or --map");
  if (o.inputs.empty()) throw UsageError("give at least one capture with --in");
  if (o.map && (*o.map == 0 || *o.map > kMostMappedServers))
    throw UsageError(fmt::format("--map={}: 1 to {} servers", *o.map, kMostMappedServers));
  if (o.batch == 0 || o.batch > kBatchSize)
    throw UsageError(fmt::format("--batch {}: 1 to {} packets", o.batch, kBatchSize));
  if (o.batch != 1 && (o.map || o.verbose || o.verify))
    throw UsageError("--batch goes with none of --map, --verbose, --verify: these look at single packets");
}

Options read(const po::variables_map& given) {
  Options o;
  if (given.count("help") != 0) o.mode = Options::Mode::help;
  if (given.count("version") != 0) o.mode = Options::Mode::version;
  if (o.mode != Options::Mode::run) return o;
  if (given.count("config") != 0) o.config = given["config"].as<std::string>();
  if (given.count("map") != 0) o.map = given["map"].as<unsigned>();
  const auto files = [&given](const std::string& option, bool names, std::vector<Options::PortFile>& to) {
    if (given.count(option) == 0) return;
    for (const std::string& text : given[option].as<Texts>())
      to.push_back(names ? split(option, text) : Options::PortFile{"", text});
  };
  files("in", !o.map, o.inputs);
  files("out", true, o.outputs);
  files("kernel", true, o.kernel);
  o.batch = given["batch"].as<unsigned>();
  o.json = given.count("json") != 0;
  o.verbose = given.count("verbose") != 0;
  o.verify = given.count("verify") != 0;
  check(o);
  return o;
}

}  // namespace

std::string help_text() {
  std::ostringstream text;
  text << "Usage: steelyard-replay --config FILE --in NAME=FILE... [--out NAME=FILE]... [--json]\n"
          "       steelyard-replay --map[=K] --in FILE... [--out clients|servers=FILE]... [--json]\n\n"
          "Runs captured frames through the director's worker, without network devices or privileges, and\n"
          "tells what became of every packet.\n\n"
       << described()
       << "\nExample: steelyard-replay --config conf/replay.yaml --in outside=requests.pcap --out "
          "inside=nat.pcap\n"
          "\nExit codes: 0 done, 1 configuration, 2 usage, 3 start-up (also an unreadable capture), 4 "
          "--verify\n";
  return text.str();
}

Options parse_options(int argc, const char* const* argv) {
  try {
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(described()).positional({}).run(), given);
    po::notify(given);
    return read(given);
  } catch (const po::error& e) {
    throw UsageError(e.what());
  }
}

}  // namespace steelyard::replay
