// The command line of `steelyard`, and what it does without starting anything.
#pragma once

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "base/log.h"

namespace steelyard::config {

// Exit codes of all of Steelyard's programs.
enum ExitCode : int { kOk = 0, kBadConfiguration = 1, kBadUsage = 2, kStartUpFailed = 3 };

struct Options {
  enum class Mode : uint8_t { run, check, version, help };
  Mode mode = Mode::run;
  std::string config;  // set for run and check
  LogLevel log_level = LogLevel::info;
};

// A wrong command line: one line that says what is wrong.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws UsageError. --help and --version win over everything else that is right.
Options parse(int argc, const char* const* argv);

std::string help_text();
std::string version_text();  // "steelyard 0.1.0"

// `--check`: reads the file. Errors and warnings go to `err`, a line each; a summary of a good file to `out`.
// Returns the exit code.
int check(const Options& options, std::FILE* out, std::FILE* err);

}  // namespace steelyard::config
