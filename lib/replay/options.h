// The command line of steelyard-replay.
#pragma once

#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace steelyard::replay {

class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  struct PortFile {
    std::string port, file;  // port: empty for an input under --map
  };
  enum class Mode { run, help, version } mode = Mode::run;
  std::string config;
  std::optional<unsigned> map;  // servers for each service
  std::vector<PortFile> inputs, outputs, kernel;
  unsigned batch = 1;
  bool json = false, verbose = false, verify = false;
};

std::string help_text();
Options parse_options(int argc, const char* const* argv);  // throws UsageError

}  // namespace steelyard::replay
