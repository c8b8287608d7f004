// The commands of steelyardctl: one row each in commands.cpp.
#pragma once

#include <iosfwd>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::admin {

// Exit codes.
inline constexpr int kDone = 0, kFailed = 1, kBadUsage = 2, kInterrupted = 130;

// The command line is wrong: one line that says how.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Options of the same name mean the same kind of value in all commands.
struct Option {
  std::string_view name;   // "limit", or with a letter "watch,w"
  std::string_view value;  // what its value is called in the help: "N"; "" takes none; "[S]" may be left out,
                           // and is given as --name=S
  std::string_view help;
};

// What the user said.
struct Invocation {
  std::string socket;
  bool json = false;                                        // -o json, else tables
  bool terminal = false;                                    // the output is one
  std::vector<std::string> arguments;                       // behind the command's words
  std::map<std::string, std::string, std::less<>> options;  // the command's own, as far as given

  bool has(std::string_view option) const { return options.contains(option); }
  // "" if it was not given.
  std::string_view get(std::string_view option) const {
    const auto at = options.find(option);
    return at == options.end() ? std::string_view{} : at->second;
  }
};

struct Command {
  std::string_view words;      // "show services"
  std::string_view arguments;  // what may stand behind them, for the help: "[SERVICE]"
  std::size_t most_arguments;
  std::string_view help;      // one line
  std::string_view examples;  // command lines behind "steelyardctl ", one a line
  std::span<const Option> options;
  // Writes to `out` what it has to say and returns the exit code. May throw ClientError and UsageError.
  int (*run)(const Invocation& call, std::ostream& out);
};

std::span<const Command> commands() noexcept;

}  // namespace steelyard::admin
