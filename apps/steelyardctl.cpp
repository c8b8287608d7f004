// steelyardctl: asks a running director over its admin socket.
#include <cstdio>
#include <iostream>
#include <string>

#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "admin/client.h"
#include "admin/tables.h"
#include "steelyard_version.h"

namespace {

namespace options = boost::program_options;

constexpr const char* kUsage = R"(usage: steelyardctl [options] show services|servers|drops|packets|table

Asks the director that listens on the admin socket.

  show services   each virtual service: connections, active, inactive, packets and bytes in and out
  show servers    the same for each real server
  show drops      dropped packets by reason
  show packets    received, forwarded, handed to the kernel, originated, dropped
  show table      the connection table: capacity, use, memory

examples:
  steelyardctl show services
  steelyardctl --socket /run/steelyard/steelyard.sock show servers -o json

)";

std::string table_of(const std::string& what, const boost::json::value& value) {
  namespace admin = steelyard::admin;
  if (what == "services") return admin::services_table(value);
  if (what == "servers") return admin::servers_table(value);
  if (what == "drops") return admin::drops_table(value);
  std::string out;
  for (const auto& [key, v] : value.as_object())
    out += fmt::format("{:<12}{}\n", std::string_view(key.data(), key.size()), boost::json::serialize(v));
  return out;
}

int usage_error(const std::string& why) {
  std::cerr << "steelyardctl: " << why << "; see steelyardctl --help\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  options::options_description visible("options");
  visible.add_options()("help,h", "this text")("version", "the version")(
      "socket,s", options::value<std::string>()->default_value("/run/steelyard/steelyard.sock"),
      "the admin socket")("output,o", options::value<std::string>()->default_value("table"), "table or json");
  options::options_description all;
  all.add(visible).add_options()("command", options::value<std::vector<std::string>>());
  options::positional_options_description positional;
  positional.add("command", -1);

  options::variables_map given;
  try {
    options::store(options::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
    options::notify(given);
  } catch (const options::error& e) {
    return usage_error(e.what());
  }
  if (given.count("help") != 0) {
    std::cout << kUsage << visible;
    return 0;
  }
  if (given.count("version") != 0) {
    std::cout << "steelyardctl " STEELYARD_VERSION "\n";
    return 0;
  }
  const auto output = given["output"].as<std::string>();
  if (output != "table" && output != "json") return usage_error("-o takes table or json");
  const auto command = given.count("command") != 0 ? given["command"].as<std::vector<std::string>>()
                                                   : std::vector<std::string>{};
  if (command.size() != 2 || command[0] != "show")
    return usage_error("say what to show, such as `show services`");
  try {
    const boost::json::value value =
        steelyard::admin::get(given["socket"].as<std::string>(), "/v1/" + command[1]);
    std::cout << (output == "json" ? boost::json::serialize(value) + "\n" : table_of(command[1], value));
  } catch (const steelyard::admin::ClientError& e) {
    std::cerr << "steelyardctl: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
