#include "config/load.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "config/yaml_tree.h"

namespace steelyard::config {
namespace {
constexpr std::size_t kMaxFile = 64 << 20;

struct Close {
  void operator()(std::FILE* f) const noexcept { std::fclose(f); }
};

[[noreturn]] void fail(const std::string& file, std::string why) {
  throw Error({{file, {}, std::move(why)}});
}

std::string read_file(const std::string& name) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(name.c_str(), "rbe"));
  if (!file) fail(name, fmt::format("cannot be read: {}", std::strerror(errno)));
  std::string text;
  char block[65536];
  while (const std::size_t n = std::fread(block, 1, sizeof block, file.get())) {
    text.append(block, n);
    if (text.size() > kMaxFile) fail(name, fmt::format("is too large; allowed: {} bytes", kMaxFile));
  }
  if (std::ferror(file.get()) != 0) fail(name, fmt::format("cannot be read: {}", std::strerror(errno)));
  return text;
}

Config read_config(const Node& root, const std::string& file, Report& report) {
  Config c{.file = file};
  if (root.kind == Node::Kind::null) {
    report.error(root.at, "the file is empty; allowed: a map with director, ports and services");
    return c;
  }
  const Map map(Value{root, "the file"}, schema::kFile, report);
  const auto value = [&map](std::string_view key) { return Value{*map.find(key), key}; };
  if (map.has("director")) c.director = read_director(value("director"), report);
  if (map.has("ports")) c.ports = read_ports(value("ports"), c.director.instance, report);
  if (map.has("neighbours")) c.neighbours = read_neighbours(value("neighbours"), c.ports, report);
  if (map.has("routes")) c.routes = read_routes(value("routes"), c.ports, report);
  if (map.has("services")) c.services = read_services(value("services"), report);
  if (!report.failed() && c.services.empty())
    report.warning(map.place("services"), "no services: nothing is load-balanced");
  return c;
}
}  // namespace

Config load_text(std::string_view text, const std::string& file, std::vector<Message>& warnings) {
  const Document document(text, file);
  Report report(file);
  Config config = read_config(document.root(), file, report);
  if (!report.failed()) warn_about(config, report);
  const auto doubtful = report.warnings();
  warnings.insert(warnings.end(), doubtful.begin(), doubtful.end());
  if (report.failed()) throw Error(report.errors());
  return config;
}

Config load(const std::string& file, std::vector<Message>& warnings) {
  return load_text(read_file(file), file, warnings);
}

}  // namespace steelyard::config
