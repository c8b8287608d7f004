#include <fmt/format.h>

#include "config/config.h"
#include "config/options.h"

namespace steelyard::config {
namespace {
std::string count(std::size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string summary(const Config& config, std::size_t warnings) {
  std::size_t servers = 0;
  for (const Service& service : config.services) servers += service.servers.size();
  return fmt::format("{}: good: {}, {}, {}, {}", config.file, count(config.ports.size(), "port"),
                     count(config.services.size(), "service"), count(servers, "server"),
                     count(warnings, "warning"));
}
}  // namespace

int check(const Options& options, std::FILE* out, std::FILE* err) {
  std::vector<Message> warnings;
  const auto tell = [&] {
    for (const Message& m : warnings) fmt::print(err, "{}\n", m.format_warning());
  };
  try {
    const Config config = load(options.config, warnings);
    tell();
    fmt::print(out, "{}\n", summary(config, warnings.size()));
    return kOk;
  } catch (const Error& e) {
    for (const Message& m : e.messages()) fmt::print(err, "{}\n", m.format());
    tell();
    return kBadConfiguration;
  }
}

}  // namespace steelyard::config
