#include "config/options.h"

#include <boost/program_options.hpp>

#include "config/text.h"
#include "steelyard_version.h"

namespace steelyard::config {
namespace {
namespace po = boost::program_options;

po::options_description described() {
  po::options_description options("Options");
  options.add_options()                                                                             //
      ("config", po::value<std::string>()->value_name("FILE"), "run with this configuration file")  //
      ("check", "only check the configuration file: all errors and warnings, then exit")            //
      ("log-level", po::value<std::string>()->value_name("LEVEL")->default_value("info"),           //
       "error, warning, info or debug; messages go to stderr")                                      //
      ("version", "print the version")                                                              //
      ("help", "print this text");
  return options;
}

po::variables_map read(int argc, const char* const* argv) {
  po::options_description all = described();
  all.add_options()("file", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("file", 1);
  using namespace po::command_line_style;
  po::variables_map values;
  po::store(po::command_line_parser(argc, argv)
                .options(all)
                .positional(positional)
                .style(unix_style & ~allow_guessing)
                .run(),
            values);
  return values;
}

Options interpret(const po::variables_map& values) {
  Options options;
  const std::string level = values["log-level"].as<std::string>();
  const auto parsed = parse_log_level(level);
  if (!parsed) throw UsageError("--log-level is " + quote(level) + "; allowed: error, warning, info, debug");
  options.log_level = *parsed;
  const bool check = values.count("check") != 0, file = values.count("file") != 0;
  options.mode = values.count("help") != 0      ? Options::Mode::help
                 : values.count("version") != 0 ? Options::Mode::version
                 : check                        ? Options::Mode::check
                                                : Options::Mode::run;
  if (options.mode == Options::Mode::help || options.mode == Options::Mode::version) return options;
  if (file && !check)
    throw UsageError("unexpected argument " + quote(values["file"].as<std::string>()) +
                     "; allowed: --config FILE");
  if (file == (values.count("config") != 0))
    throw UsageError(file ? "two configuration files; allowed: one"
                          : "no configuration file; needed: --config FILE, or --check FILE");
  options.config = values[file ? "file" : "config"].as<std::string>();
  if (options.config.empty()) throw UsageError("the configuration file's name is empty");
  return options;
}
}  // namespace

Options parse(int argc, const char* const* argv) {
  try {
    return interpret(read(argc, argv));
  } catch (const po::error& e) {
    throw UsageError(escape(e.what()));
  }
}

std::string help_text() {
  std::ostringstream options;
  options << described();
  return fmt::format(
      "steelyard - a userspace LVS-NAT director (layer-4 load balancer) on DPDK\n"
      "\n"
      "Usage:\n"
      "  steelyard --config FILE [--log-level LEVEL]\n"
      "  steelyard --check FILE\n"
      "\n"
      "{}"
      "\n"
      "Example:\n"
      "  steelyard --check /etc/steelyard/steelyard.yaml &&\n"
      "    sudo steelyard --config /etc/steelyard/steelyard.yaml\n"
      "\n"
      "The file is described in docs/configuration.md; conf/ has samples. SIGTERM or SIGINT ends the "
      "director;\nall other control goes by its admin socket (steelyardctl).\n"
      "\n"
      "Exit codes:\n"
      "  0  ended as asked, or the file is good\n"
      "  1  the configuration is wrong\n"
      "  2  the command line is wrong\n"
      "  3  start-up failed\n",
      options.str());
}

std::string version_text() { return std::string("steelyard ") + STEELYARD_VERSION; }

}  // namespace steelyard::config
