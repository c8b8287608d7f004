#include "config/options.h"

#include <vector>

#include <catch2/catch.hpp>

using namespace steelyard;
using namespace steelyard::config;

namespace {
Options parsed(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "steelyard");
  return parse(static_cast<int>(arguments.size()), arguments.data());
}
std::string complaint(const std::vector<const char*>& arguments) {
  try {
    parsed(arguments);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "none";
}
}  // namespace

TEST_CASE("the command line says what to do with which file", "[config]") {
  const Options run = parsed({"--config", "a.yaml"});
  CHECK(run.mode == Options::Mode::run);
  CHECK(run.config == "a.yaml");
  CHECK(run.log_level == LogLevel::info);
  CHECK(parsed({"--config=a.yaml", "--log-level", "debug"}).log_level == LogLevel::debug);
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--check", "a.yaml"}, {"a.yaml", "--check"}, {"--check", "--config", "a.yaml"}}) {
    const Options check = parsed(arguments);
    CHECK(check.mode == Options::Mode::check);
    CHECK(check.config == "a.yaml");
  }
  CHECK(parsed({"--help"}).mode == Options::Mode::help);
  CHECK(parsed({"--version"}).mode == Options::Mode::version);
  CHECK(parsed({"--help", "--check"}).mode == Options::Mode::help);
}

TEST_CASE("a wrong command line is told in one line", "[config]") {
  CHECK(complaint({}) == "no configuration file; needed: --config FILE, or --check FILE");
  CHECK(complaint({"--check"}) == "no configuration file; needed: --config FILE, or --check FILE");
  CHECK(complaint({"a.yaml"}) == "unexpected argument \"a.yaml\"; allowed: --config FILE");
  CHECK(complaint({"--check", "a", "--config", "b"}) == "two configuration files; allowed: one");
  CHECK(complaint({"--config", ""}) != "none");
  CHECK(complaint({"--config"}) == "the required argument for option '--config' is missing");
  CHECK(complaint({"--conf", "a"}) == "unrecognised option '--conf'");
  CHECK(complaint({"--config", "a", "--config", "b"}) ==
        "option '--config' cannot be specified more than once");
  CHECK(complaint({"--check", "a", "b"}) ==
        "too many positional options have been specified on the command line");
  CHECK(complaint({"--config", "a", "--log-level", "loud"}) ==
        "--log-level is \"loud\"; allowed: error, warning, info, debug");
  CHECK(complaint({"--bad\noption"}).find('\n') == std::string::npos);
}

TEST_CASE("the help names every option, the exit codes and an example", "[config]") {
  const std::string help = help_text();
  for (const char* word : {"--config FILE", "--check FILE", "--log-level", "--version", "--help",
                           "Example:", "Exit codes:", "(=info)"}) {
    CAPTURE(word);
    CHECK(help.find(word) != std::string::npos);
  }
  CHECK(version_text().find("steelyard ") == 0);
  CHECK(version_text().size() > 10);
}
