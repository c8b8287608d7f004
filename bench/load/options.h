// The command line of steelyard-load.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

namespace steelyard::load {

struct Url {
  enum class Scheme { http, dns };
  Scheme scheme = Scheme::http;
  std::string host;
  uint16_t port = 80;      // of dns: 53
  std::string path = "/";  // of dns: the name that is asked for
};

struct Options {
  Url url;
  uint32_t users = 1;  // a ramp
  uint32_t iterations = 1;
  uint32_t connections = 0;  // or, if not 0, so many connections
  uint32_t at_once = 64;
  uint32_t requests = 1;  // on each connection
  bool hold = false;
  std::optional<std::string> upload;  // the body to send
  std::vector<boost::asio::ip::address> sources;
  std::vector<std::string> expected;  // as body_label() names them
  std::chrono::milliseconds limit{5000};
  std::string json;  // a file, "-" for standard output, empty for none
  bool quiet = false;
  bool progress = false;  // also where standard error is no terminal
  bool help = false;
  bool version = false;
};

// "http://HOST[:PORT][/PATH]" or "dns://HOST[:PORT]/NAME". Throws std::invalid_argument.
Url parse_url(const std::string& text);

// Throws std::exception with one clear line when the command line is wrong.
Options parse_options(int argc, const char* const* argv);

std::string help_text();

}  // namespace steelyard::load
