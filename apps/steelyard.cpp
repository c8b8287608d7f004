#include <cstdio>

#include <fmt/format.h>

#include "config/options.h"

using namespace steelyard;
using config::Options;

int main(int argc, char** argv) {
  try {
    const Options options = config::parse(argc, argv);
    switch (options.mode) {
      case Options::Mode::help:
        fmt::print("{}", config::help_text());
        return config::kOk;
      case Options::Mode::version:
        fmt::print("{}\n", config::version_text());
        return config::kOk;
      case Options::Mode::check:
        return config::check(options, stdout, stderr);
      case Options::Mode::run:
        break;
    }
    fmt::print(stderr, "steelyard: this build has no start-up; only --check, --help and --version work\n");
    return config::kStartUpFailed;
  } catch (const config::UsageError& e) {
    fmt::print(stderr, "steelyard: {}; see steelyard --help\n", e.what());
    return config::kBadUsage;
  }
}
