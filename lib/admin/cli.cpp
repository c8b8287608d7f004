#include "admin/cli.h"

#include <algorithm>
#include <iostream>
#include <set>
#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "admin/client.h"
#include "admin/command.h"
#include "config/config.h"
#include "steelyard_version.h"

namespace steelyard::admin {
namespace {

namespace options = boost::program_options;

std::string long_name(const Option& o) { return std::string(o.name.substr(0, o.name.find(','))); }

void add(options::options_description& to, const Option& o) {
  const std::string name(o.name);
  if (o.value.empty()) {
    to.add_options()(name.c_str(), "");
    return;
  }
  auto* value = options::value<std::string>();
  if (o.value.front() == '[') value->implicit_value("");
  to.add_options()(name.c_str(), value, "");
}

constexpr Option kGeneral[] = {
    {"help,h", "", "this text, or that of a command"},
    {"version", "", "the version"},
    {"instance,i", "NAME", "the director of this name, if it has one (director: instance:)"},
    {"socket,s", "PATH", "its admin_socket; default /run/steelyard/steelyard.sock or NAME.sock there"},
    {"output,o", "FORMAT", "table (the default) or json"},
};

// "  -w, --watch[=S]         again every S seconds"
std::string described(std::span<const Option> list) {
  std::string text;
  for (const Option& o : list) {
    const std::size_t comma = o.name.find(',');
    const std::string letter =
        comma == std::string_view::npos ? "    " : fmt::format("-{}, ", o.name.substr(comma + 1));
    std::string value(o.value);
    if (value.starts_with('['))
      value.insert(1, "=");
    else if (!value.empty())
      value.insert(0, " ");
    text += fmt::format("  {}{:<22}{}\n", letter, "--" + long_name(o) + value, o.help);
  }
  return text;
}

// The command whose words the line begins with; null: none.
const Command* find_command(const std::vector<std::string>& given) {
  const Command* best = nullptr;
  for (const Command& c : commands()) {
    const auto count = static_cast<std::size_t>(std::ranges::count(c.words, ' ')) + 1;
    if (given.size() < count) continue;
    const std::string begin =
        fmt::format("{}", fmt::join(given.begin(), given.begin() + static_cast<long>(count), " "));
    if (begin == c.words && (best == nullptr || best->words.size() < c.words.size())) best = &c;
  }
  return best;
}

const Command& command_of(const std::vector<std::string>& given) {
  if (const Command* c = find_command(given)) return *c;
  std::vector<std::string_view> siblings;
  for (const Command& c : commands())
    if (!given.empty() && c.words.starts_with(given.front() + " "))
      siblings.push_back(c.words.substr(given.front().size() + 1));
  if (!siblings.empty())
    throw UsageError(fmt::format("{} {}; it takes {}", given.front(),
                                 given.size() > 1 ? "knows no " + given[1] : "what?",
                                 fmt::join(siblings, ", ")));
  throw UsageError(given.empty() ? "say what to do, such as `show services`"
                                 : fmt::format("there is no command {}", given.front()));
}

std::string command_help(const Command& c) {
  std::ostringstream text;
  text << "usage: steelyardctl [options] " << c.words << (c.arguments.empty() ? "" : " ") << c.arguments
       << "\n\n"
       << "  " << c.help << "\n\n";
  if (!c.options.empty()) text << "options:\n" << described(c.options) << "\n";
  text << "general options:\n" << described(kGeneral) << "\nexamples:\n";
  std::istringstream lines{std::string(c.examples)};
  for (std::string line; std::getline(lines, line);) text << "  steelyardctl " << line << "\n";
  return text.str();
}

// Everything any command takes; what does not belong to the given one is refused later, by its name.
options::variables_map parse(int argc, const char* const* argv) {
  options::options_description all;
  std::set<std::string_view> known;
  const auto take = [&](std::span<const Option> list) {
    for (const Option& o : list)
      if (known.insert(o.name).second) add(all, o);
  };
  take(kGeneral);
  for (const Command& c : commands()) take(c.options);
  all.add_options()("words", options::value<std::vector<std::string>>());
  options::positional_options_description positional;
  positional.add("words", -1);
  options::variables_map given;
  options::store(options::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
  return given;
}

std::string socket_of(const options::variables_map& given) {
  const bool instance = given.count("instance") != 0, socket = given.count("socket") != 0;
  if (instance && socket) throw UsageError("--instance and --socket both name the director; give one");
  if (socket) return given["socket"].as<std::string>();
  const std::string name = instance ? given["instance"].as<std::string>() : "";
  if (instance && (name.empty() || name.find('/') != std::string::npos))
    throw UsageError("--instance takes a director's name; a path goes with --socket");
  return config::default_admin_socket(name);
}

bool belongs(const std::string& name, std::span<const Option> list) {
  return std::ranges::any_of(list, [&name](const Option& o) { return long_name(o) == name; });
}

Invocation invocation(const options::variables_map& given, const Command& command,
                      std::vector<std::string> words) {
  Invocation call;
  words.erase(words.begin(), words.begin() + std::ranges::count(command.words, ' ') + 1);
  if (words.size() > command.most_arguments)
    throw UsageError(fmt::format("{} does not take {}", command.words, words[command.most_arguments]));
  call.arguments = std::move(words);
  call.socket = socket_of(given);
  if (given.count("output") != 0) {
    const auto& format = given["output"].as<std::string>();
    if (format != "table" && format != "json") throw UsageError("-o takes table or json");
    call.json = format == "json";
  }
  for (const auto& [name, value] : given) {
    if (name == "words" || belongs(name, kGeneral)) continue;
    if (!belongs(name, command.options))
      throw UsageError(fmt::format("{} does not take --{}", command.words, name));
    call.options.emplace(name, value.empty() ? "" : value.as<std::string>());
  }
  return call;
}

int run(int argc, const char* const* argv, std::ostream& out, bool terminal) {
  const options::variables_map given = parse(argc, argv);
  const auto words =
      given.count("words") != 0 ? given["words"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (given.count("version") != 0) {
    out << "steelyardctl " STEELYARD_VERSION "\n";
    return kDone;
  }
  if (given.count("help") != 0) {
    out << (words.empty() ? help_text() : command_help(command_of(words)));
    return kDone;
  }
  const Command& command = command_of(words);
  Invocation call = invocation(given, command, words);
  call.terminal = terminal;
  const int code = command.run(call, out);
  out.flush();
  if (!out) throw ClientError("the output can't be written");
  return code;
}

}  // namespace

std::string help_text() {
  std::ostringstream text;
  text << "usage: steelyardctl [options] COMMAND [its options]\n\n"
          "Asks the director that listens on the admin socket.\n\ncommands:\n";
  for (const Command& c : commands())
    text << fmt::format("  {:<24}{}\n", fmt::format("{} {}", c.words, c.arguments), c.help);
  text << "\noptions:\n" << described(kGeneral) << "\nexamples:\n";
  for (const Command& c : commands())
    text << "  steelyardctl " << c.examples.substr(0, c.examples.find('\n')) << "\n";
  text << "\nsteelyardctl COMMAND --help tells the command's own options.\n"
          "Exit code: 0 done, 1 failed, 2 the command line is wrong.\n";
  return text.str();
}

int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& error, bool terminal) {
  const auto say = [&error](const std::string& why) { error << "steelyardctl: " << why << "\n"; };
  try {
    return run(argc, argv, out, terminal);
  } catch (const ClientError& e) {
    say(e.what());
    return kFailed;
  } catch (const UsageError& e) {
    say(std::string(e.what()) + "; see steelyardctl --help");
  } catch (const options::error& e) {
    say(std::string(e.what()) + "; see steelyardctl --help");
  } catch (const std::exception& e) {
    say(fmt::format("the director's answer makes no sense; is it of another version? ({})", e.what()));
    return kFailed;
  }
  return kBadUsage;
}

}  // namespace steelyard::admin
