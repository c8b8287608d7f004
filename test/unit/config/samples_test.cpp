#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "config/config.h"
#include "config/options.h"
#include "config/schema.h"
#include "source_root.h"

using namespace steelyard::config;

namespace {
const std::filesystem::path kRoot = SOURCE_ROOT;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  REQUIRE(in);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The text between a heading and the next one; empty: no such heading.
std::string section_of(const std::string& text, std::string_view heading) {
  const std::size_t at = text.find("\n## " + std::string(heading) + "\n");
  if (at == std::string::npos) return {};
  return text.substr(at, text.find("\n## ", at + 1) - at);
}

std::set<std::string> rows_of(const std::string& section) {
  std::set<std::string> keys;
  std::istringstream in(section);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("| `")) keys.insert(line.substr(3, line.find('`', 3) - 3));
  return keys;
}

struct Streams {
  std::FILE *out = std::tmpfile(), *err = std::tmpfile();
  ~Streams() {
    std::fclose(out);
    std::fclose(err);
  }
  static std::string text(std::FILE* f) {
    std::rewind(f);
    std::string all;
    for (int c = std::fgetc(f); c != EOF; c = std::fgetc(f)) all += static_cast<char>(c);
    return all;
  }
};

struct TemporaryFile {
  std::filesystem::path path;
  explicit TemporaryFile(const std::string& text) {
    std::string name = (std::filesystem::temp_directory_path() / "sy-config-XXXXXX").string();
    const int fd = mkstemp(name.data());
    REQUIRE(fd >= 0);
    close(fd);
    path = name;
    std::ofstream(path) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
};
}  // namespace

TEST_CASE("every sample in conf/ passes --check without a warning", "[config]") {
  int samples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "conf")) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path());
    ++samples;
    Streams streams;
    CHECK(check({.mode = Options::Mode::check, .config = entry.path()}, streams.out, streams.err) == kOk);
    CHECK(Streams::text(streams.err).empty());
    CHECK(Streams::text(streams.out).find(": good: ") != std::string::npos);
  }
  CHECK(samples >= 4);
}

TEST_CASE("docs/configuration.md describes exactly the keys that the loader knows", "[config]") {
  const std::string text = text_of(kRoot / "docs" / "configuration.md");
  for (const Section* section : sections()) {
    CAPTURE(section->path);
    const std::string described = section_of(text, section->path);
    CHECK_FALSE(described.empty());
    std::set<std::string> known;
    for (const Key& key : section->keys) known.emplace(key.name);
    CHECK(rows_of(described) == known);
  }
}

TEST_CASE("the kernel path's keys are its classes", "[config]") {
  REQUIRE(schema::kKernelPath.keys.size() == steelyard::kKernelClasses);
  for (std::size_t i = 0; i < steelyard::kKernelClasses; ++i)
    CHECK(schema::kKernelPath.keys[i].name == to_string(static_cast<steelyard::KernelClass>(i)));
}

TEST_CASE("--check tells every error and warning in a line and exits with 1", "[config]") {
  const TemporaryFile file("ports: [{name: a, device: eth0}]\nservice: []\nservices: 5\n");
  const std::string name = file.path.string();
  Streams streams;
  CHECK(check({.mode = Options::Mode::check, .config = name}, streams.out, streams.err) == kBadConfiguration);
  CHECK(Streams::text(streams.out).empty());
  CHECK(
      Streams::text(streams.err) ==
      name +
          ":2:1: unknown key \"service\" in the file; did you mean \"services\"? allowed: director, ports, "
          "neighbours, routes, services\n" +
          name + ":3:11: services is \"5\"; allowed: a list\n" + name +
          ":1:27: warning: device \"eth0\" is neither a PCI address such as 0000:3b:00.0 nor a vdev such as "
          "net_af_packet0,iface=eth1\n");
}

TEST_CASE("a good file is summed up and its warnings are told", "[config]") {
  const TemporaryFile file("ports: [{name: a, device: net_null0}]\nservices: []\n");
  const std::string name = file.path.string();
  Streams streams;
  CHECK(check({.mode = Options::Mode::check, .config = name}, streams.out, streams.err) == kOk);
  CHECK(Streams::text(streams.out) == name + ": good: 1 port, 0 services, 0 servers, 1 warning\n");
  CHECK(Streams::text(streams.err) == name + ":2:11: warning: no services: nothing is load-balanced\n");
}

TEST_CASE("a file that cannot be read is an error of the file as a whole", "[config]") {
  std::vector<Message> warnings;
  CHECK_THROWS_WITH(load("/nonexistent/x.yaml", warnings),
                    "/nonexistent/x.yaml: cannot be read: No such file or directory");
  CHECK_THROWS_WITH(load("/", warnings), "/: cannot be read: Is a directory");
  CHECK_THROWS_WITH(load("/dev/zero", warnings), Catch::Contains("is too large"));
}
