#include "load/options.h"

#include <vector>

#include <catch2/catch.hpp>

#include "load/sources.h"

using namespace steelyard::load;

namespace {

Options parse(std::vector<const char*> words) {
  words.insert(words.begin(), "steelyard-load");
  return parse_options(static_cast<int>(words.size()), words.data());
}

std::vector<std::string> addresses(const char* text) {
  std::vector<std::string> out;
  for (const auto& address : parse_sources(text)) out.push_back(address.to_string());
  return out;
}

}  // namespace

TEST_CASE("A URL gives host, port and path", "[load]") {
  CHECK(parse_url("http://198.51.100.10").host == "198.51.100.10");
  CHECK(parse_url("http://198.51.100.10").port == 80);
  CHECK(parse_url("http://198.51.100.10").path == "/");
  CHECK(parse_url("http://web:8080/a/b?c").port == 8080);
  CHECK(parse_url("http://web:8080/a/b?c").path == "/a/b?c");
  CHECK(parse_url("http://[2001:db8::1]:81/").host == "2001:db8::1");
  CHECK(parse_url("http://[2001:db8::1]").port == 80);
  CHECK(parse_url("dns://192.0.2.1/who.example").scheme == Url::Scheme::dns);
  CHECK(parse_url("dns://192.0.2.1/who.example").port == 53);
  CHECK(parse_url("dns://192.0.2.1:54/who.example").path == "who.example");
}

TEST_CASE("A URL that cannot be asked for is refused", "[load]") {
  for (const char* text : {"", "198.51.100.10", "https://web/", "http://", "http:///x", "http://web:0/",
                           "http://web:65536/", "http://web:8x/", "http://web/a b", "dns://192.0.2.1",
                           "dns://192.0.2.1/", "dns://192.0.2.1/a..b", "ftp://web/"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_url(text), std::invalid_argument);
  }
}

TEST_CASE("Sources are addresses, lists and ranges", "[load]") {
  CHECK(addresses("192.0.2.1") == std::vector<std::string>{"192.0.2.1"});
  CHECK(addresses("192.0.2.1,192.0.2.7") == std::vector<std::string>{"192.0.2.1", "192.0.2.7"});
  CHECK(addresses("192.0.2.254-192.0.3.1,2001:db8::1") ==
        std::vector<std::string>{"192.0.2.254", "192.0.2.255", "192.0.3.0", "192.0.3.1", "2001:db8::1"});
  CHECK(parse_sources("198.51.100.100-198.51.100.131").size() == 32);
  CHECK(parse_sources("255.255.255.254-255.255.255.255").size() == 2);
}

TEST_CASE("Sources that are no addresses are refused", "[load]") {
  for (const char* text : {"", "x", "192.0.2.1,", "192.0.2.9-192.0.2.1", "192.0.2.1-",
                           "0.0.0.0-255.255.255.255", "2001:db8::1-2001:db8::2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_sources(text), std::invalid_argument);
  }
}

TEST_CASE("A command line gives the load", "[load]") {
  const Options options =
      parse({"--url", "http://192.0.2.1/", "--users", "64", "--iterations", "30", "--source",
             "192.0.2.2-192.0.2.3", "--expect", "server 1\n", "--limit", "100"});
  CHECK(options.users == 64);
  CHECK(options.iterations == 30);
  CHECK(options.sources.size() == 2);
  CHECK(options.expected == std::vector<std::string>{"server 1"});
  CHECK(options.limit == std::chrono::milliseconds(100));
}

TEST_CASE("A number of connections stands in place of a ramp", "[load]") {
  const Options options =
      parse({"--url", "http://192.0.2.1/", "--connections", "1000", "--requests", "2", "--hold"});
  CHECK(options.connections == 1000);
  CHECK(options.at_once == 64);
  CHECK(options.requests == 2);
  CHECK(options.hold);
}

TEST_CASE("Options that do not go together are refused", "[load]") {
  using Words = std::vector<const char*>;
  const Words words =
      GENERATE(Words{"--connections", "10", "--users", "3"}, Words{"--at-once", "3"},
               Words{"--hold", "--requests", "2"}, Words{"--hold", "--connections", "10"},
               Words{"--connections", "0"}, Words{"--upload", "/nonexistent"}, Words{"--upload", "/dev/null"},
               Words{"--upload", "/proc/self/cmdline", "--requests", "2"});
  Words line{"--url", "http://192.0.2.1/"};
  line.insert(line.end(), words.begin(), words.end());
  CAPTURE(words);
  CHECK_THROWS_AS(parse(line), std::invalid_argument);
  CHECK_THROWS_AS(parse({"--url", "dns://192.0.2.1/x", "--requests", "2"}), std::invalid_argument);
}

TEST_CASE("A wrong command line is refused", "[load]") {
  CHECK_THROWS(parse({}));
  CHECK_THROWS(parse({"--url", "http://192.0.2.1/", "--users", "0"}));
  CHECK_THROWS(parse({"--url", "http://192.0.2.1/", "--users", "-1"}));
  CHECK_THROWS(parse({"--url", "http://192.0.2.1/", "stray"}));
  CHECK_THROWS(parse({"--url", "http://192.0.2.1/", "--nonsense"}));
  CHECK_THROWS(parse({"--url", "http://192.0.2.1/", "--source", "192.0.2.1,2001:db8::1"}));
}

TEST_CASE("Help needs nothing else", "[load]") { CHECK(parse({"--help"}).help); }
