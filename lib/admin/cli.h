// The command line of steelyardctl.
#pragma once

#include <iosfwd>
#include <string>

namespace steelyard::admin {

// Runs the command that the command line names and returns the exit code. What fails is one line on `error`.
// `terminal`: `out` is one.
int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& error, bool terminal);

// `--help` of the whole program.
std::string help_text();

}  // namespace steelyard::admin
