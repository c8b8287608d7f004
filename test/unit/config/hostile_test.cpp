// Whatever the file holds, load_text() returns or throws Error: no crash, no other exception, no endless run.
#include <random>

#include <catch2/catch.hpp>

#include "told.h"

using namespace steelyard::config;

namespace {
std::string repeat(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

constexpr const char* kSample =
    R"(director: {control_core: 0, worker_cores: [1], connections: 10M, eal: ["-m", "5"]}
ports:
  - name: outside
    device: 0000:3b:00.0
    addresses: [198.51.100.2/24]
    vlans: [{id: 20, addresses: [192.0.2.2/24]}]
neighbours: [{address: 192.0.2.3, mac: 02:00:00:00:00:01, port: outside, vlan: 20}]
services:
  - name: "web"
    address: 203.0.113.10
    port: 80
    timeouts: &t {established: 900s, fin: 120s, udp: 300s}
    health: {http: {path: /healthz, status: [200]}, interval: 2s, timeout: 1s, rise: 2, fall: 3}
    servers: [{address: 10.0.0.11, port: 8080, weight: 3}]
)";
}  // namespace

TEST_CASE("deep nesting is refused", "[config]") {
  const std::string deep = "nested too deeply; allowed: 16 levels";
  CHECK(tell(repeat("[", 100'000)).errors.at(0).ends_with(deep));
  CHECK(tell(repeat("[", 17) + repeat("]", 17)).errors == std::vector{"1:17: " + deep});
  CHECK(tell(repeat("{a: ", 10'000)).errors.size() == 1);
  CHECK(tell(repeat("- ", 10'000)).errors.size() == 1);
  CHECK(tell(repeat("? ", 10'000)).errors.size() == 1);
}

TEST_CASE("an alias inside its own value is refused", "[config]") {
  const std::string loop = "an alias stands inside the value that it names";
  CHECK(tell("ports: &a [*a]\n").errors == std::vector{"1:12: " + loop});
  CHECK(tell("&a {ports: [{name: *a}]}\n").errors == std::vector{"1:20: " + loop});
  CHECK(tell("ports: &a\n  services: {b: *a}\n").errors == std::vector{"2:17: " + loop});
}

TEST_CASE("aliases of aliases cannot grow without bound", "[config]") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeat(before + ", ", 9) + before +
            "]\n";
  }
  const Told told = tell(bomb);
  REQUIRE(told.errors.size() == 1);
  CHECK(told.errors[0].find("too many values; allowed: 20000000 with aliases expanded") != std::string::npos);
}

TEST_CASE("messages stay short and on one line however large the value is", "[config]") {
  const Told told =
      tell("ports: [{name: \"" + repeat("a\\n\\e", 300'000) + "\", " + repeat("k", 1'000) + ": 1}]");
  REQUIRE(told.errors.size() == 3);
  for (const std::string& error : told.errors) {
    CHECK(error.size() < 300);
    CHECK(error.find('\n') == std::string::npos);
    CHECK(error.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("a file that is wrong everywhere is told about in bounded space", "[config]") {
  const Told told = tell("ports: [{name: a, device: net_null0}]\nservices:\n" + repeat("- x\n", 20'000));
  CHECK(told.errors.size() == 1001);
  CHECK(told.errors.back().find("more than 1000 messages; the rest is left out") != std::string::npos);
}

TEST_CASE("65534 services load, one more is refused", "[config]") {
  std::string text = "ports: [{name: a, device: net_null0}]\nservices:\n";
  for (int i = 0; i < 65534; ++i)
    text +=
        "- {name: s" + std::to_string(i) + ", address: 203.0.113.1, port: " + std::to_string(i + 1) + "}\n";
  CHECK(tell(text).config.services.size() == 65534);
  text += "- {name: more, address: 203.0.113.2, port: 1}\n";
  CHECK(tell(text).errors ==
        std::vector<std::string>{"3:1: services has 65535 entries; allowed: at most 65534"});
}

TEST_CASE("odd YAML is read or refused", "[config]") {
  const std::vector<std::string> texts{"%YAML 9.9\n---\nports: 1\n",
                                       "%TAG ! x\n---\n!a b\n",
                                       "--- |\n a\n",
                                       "---\n...\n---\n",
                                       "? \n: \n",
                                       ": : :",
                                       "{,}",
                                       "[,]",
                                       "&a",
                                       "*",
                                       "!!binary x",
                                       "\"",
                                       "'",
                                       "\"\\xzz\"",
                                       "\"\\uD800\"",
                                       "- - - -",
                                       "a: b: c",
                                       "|9\n x",
                                       ">-+\n",
                                       "!<",
                                       "!<x",
                                       "ports: !!map [a]",
                                       "{? [a, b] : c}",
                                       "<<: {ports: []}",
                                       "\xef\xbb\xbf",
                                       "\xef\xbb\xbfports: []",
                                       "\r\r\r",
                                       "ports:\r\n- {name: a, device: net_null0}\r\n",
                                       "#",
                                       "--- #",
                                       "ports: {}",
                                       "{ports: {ports: {ports: {}}}}",
                                       "~",
                                       "null: null"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const Told told = tell(text);
    CHECK(told.loaded == told.errors.empty());
  }
}

TEST_CASE("random bytes never break the loader", "[config]") {
  std::mt19937 random(1);
  for (int i = 0; i < 2'000; ++i) {
    std::string text(random() % 200, ' ');
    for (char& c : text) c = static_cast<char>(random());
    const Told told = tell(text);
    REQUIRE(told.loaded == told.errors.empty());
  }
}

TEST_CASE("a mangled file never breaks the loader", "[config]") {
  static constexpr std::string_view kMarks = "{}[],:-&*!|>'\"%@`#?~ \n\t0a\x80\xff";
  std::mt19937 random(2);
  const std::string sample = kSample;
  REQUIRE(tell(sample).loaded);
  for (int i = 0; i < 3'000; ++i) {
    std::string text = sample;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % text.size();
      const std::size_t length = random() % 12;
      switch (random() % 4) {
        case 0:
          text[at] = kMarks[random() % kMarks.size()];
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, sample.substr(random() % sample.size(), length));
          break;
        default:
          text.insert(at, 1, kMarks[random() % kMarks.size()]);
      }
    }
    CAPTURE(text);
    const Told told = tell(text);
    REQUIRE(told.loaded == told.errors.empty());
  }
}
