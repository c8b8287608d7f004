#include "load/options.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "load/dns_message.h"
#include "load/sources.h"
#include "load/tally.h"

namespace steelyard::load {

namespace po = boost::program_options;

namespace {

po::options_description describe() {
  po::options_description flags("Options");
  auto add = flags.add_options();
  add("url", po::value<std::string>(),
      "http://HOST[:PORT][/PATH], or dns://HOST[:PORT]/NAME: a TXT record over UDP");
  add("users", po::value<uint32_t>()->default_value(1),
      "users m: step u of an iteration opens u = 1..m connections");
  add("iterations", po::value<uint32_t>()->default_value(1), "iterations n: n*m(m+1)/2 connections in all");
  add("connections", po::value<uint32_t>(), "instead of a ramp: so many connections, --at-once at a time");
  add("at-once", po::value<uint32_t>()->default_value(64),
      "of --connections, how many are under way at a time");
  add("requests", po::value<uint32_t>()->default_value(1),
      "requests on each connection, one after the other");
  add("hold", "keep each connection open after its first answer, until all are open and SIGUSR1 comes");
  add("upload", po::value<std::string>(), "send this file by PUT; {n} in PATH is the connection's number");
  add("source", po::value<std::string>()->default_value(""),
      "client addresses A[,B...] or A-B, taken in turn");
  add("expect", po::value<std::vector<std::string>>(),
      "a body that counts as served, without its last newline (repeatable; none: any)");
  add("expect-file", po::value<std::vector<std::string>>(), "the same, read from a file");
  add("limit", po::value<uint32_t>()->default_value(5000),
      "milliseconds that each request may take, with connect and close");
  add("json", po::value<std::string>()->default_value(""),
      "write the result as JSON to this file (-: standard output)");
  add("progress", "tell the progress also where standard error is no terminal: a line each tenth");
  add("quiet", "no progress line");
  add("version", "print the version");
  add("help", "print this");
  return flags;
}

std::string read_file(const char* flag, const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in || in.peek() == std::ifstream::traits_type::eof())
    throw std::invalid_argument(fmt::format("--{}: cannot read '{}', or it is empty", flag, name));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

uint32_t at_least_one(const po::variables_map& given, const char* flag, uint32_t most) {
  const uint32_t value = given[flag].as<uint32_t>();
  if (value == 0 || value > most)
    throw std::invalid_argument(fmt::format("--{} is 1 to {}, not {}", flag, most, value));
  return value;
}

std::vector<std::string> expected_bodies(const po::variables_map& given) {
  std::vector<std::string> out;
  if (given.contains("expect"))
    for (const auto& body : given["expect"].as<std::vector<std::string>>()) out.push_back(body_label(body));
  if (given.contains("expect-file"))
    for (const auto& file : given["expect-file"].as<std::vector<std::string>>())
      out.push_back(body_label(read_file("expect-file", file)));
  return out;
}

void require_sense(const po::variables_map& given, const Options& options) {
  const bool ramp = !given["users"].defaulted() || !given["iterations"].defaulted();
  if (options.connections > 0 && ramp)
    throw std::invalid_argument("--connections does not go with --users and --iterations");
  if (options.connections == 0 && !given["at-once"].defaulted())
    throw std::invalid_argument("--at-once goes with --connections");
  if (options.hold && (options.connections == 0 || options.requests < 2))
    throw std::invalid_argument("--hold needs --connections, and --requests of 2 or more");
  if (options.url.scheme == Url::Scheme::dns && (options.requests > 1 || options.upload))
    throw std::invalid_argument("--requests, --hold and --upload are for http:// only");
  if (options.upload && options.requests > 1)
    throw std::invalid_argument("--upload takes one request a connection");
}

void require_one_family(const Options& options) {
  for (const auto& source : options.sources)
    if (source.is_v4() != options.sources.front().is_v4())
      throw std::invalid_argument("--source: addresses of one family only");
}

}  // namespace

Url parse_url(const std::string& text) {
  const auto fail = [&] {
    return std::invalid_argument(
        fmt::format("--url '{}' is neither http://HOST[:PORT][/PATH] nor dns://HOST[:PORT]/NAME", text));
  };
  Url url;
  const std::size_t begin = text.find("://");
  const std::string scheme = text.substr(0, begin);
  if (begin == std::string::npos || (scheme != "http" && scheme != "dns")) throw fail();
  if (scheme == "dns") url = {Url::Scheme::dns, {}, 53, {}};
  const std::string rest = text.substr(begin + 3);
  const std::size_t slash = rest.find('/');
  std::string authority = rest.substr(0, slash);
  if (slash != std::string::npos) url.path = rest.substr(url.scheme == Url::Scheme::dns ? slash + 1 : slash);
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.back() != ']') {
    const char *first = authority.data() + colon + 1, *last = authority.data() + authority.size();
    const auto [end, error] = std::from_chars(first, last, url.port);
    if (error != std::errc{} || end != last || url.port == 0) throw fail();
    authority.erase(colon);
  }
  if (authority.size() > 2 && authority.front() == '[' && authority.back() == ']')
    authority = authority.substr(1, authority.size() - 2);
  if (authority.empty() || url.path.empty() || url.path.find_first_of(" \r\n") != std::string::npos)
    throw fail();
  if (url.scheme == Url::Scheme::dns) dns_query(0, url.path);
  url.host = authority;
  return url;
}

Options parse_options(int argc, const char* const* argv) {
  po::variables_map given;
  po::positional_options_description none;
  po::store(po::command_line_parser(argc, argv).options(describe()).positional(none).run(), given);
  po::notify(given);
  Options options;
  options.help = given.contains("help");
  options.version = given.contains("version");
  if (options.help || options.version) return options;
  if (!given.contains("url")) throw std::invalid_argument("--url is missing");
  options.url = parse_url(given["url"].as<std::string>());
  options.users = at_least_one(given, "users", 60000);
  options.iterations = at_least_one(given, "iterations", 1000000);
  if (given.contains("connections")) options.connections = at_least_one(given, "connections", 10000000);
  options.at_once = at_least_one(given, "at-once", 60000);
  options.requests = at_least_one(given, "requests", 1000000);
  options.hold = given.contains("hold");
  if (given.contains("upload")) options.upload = read_file("upload", given["upload"].as<std::string>());
  options.limit = std::chrono::milliseconds(at_least_one(given, "limit", 3600000));
  if (const auto& text = given["source"].as<std::string>(); !text.empty())
    options.sources = parse_sources(text);
  require_one_family(options);
  require_sense(given, options);
  options.expected = expected_bodies(given);
  options.json = given["json"].as<std::string>();
  options.quiet = given.contains("quiet");
  options.progress = given.contains("progress");
  return options;
}

std::string help_text() {
  std::ostringstream out;
  out << "steelyard-load: opens HTTP connections, or asks DNS over UDP, and counts what became of each.\n\n"
         "usage: steelyard-load --url http://HOST[:PORT][/PATH] --users M --iterations N [options]\n"
         "       steelyard-load --url URL --connections N [--at-once K] [options]\n\n"
      << describe()
      << "\nA connection is one GET with \"Connection: close\", or several of which the last has it; it is "
         "served\n"
         "when each status is 200 and each whole body arrived within the limit. In a ramp, a step begins "
         "when all\n"
         "connections of the one before have ended.\n\n"
         "Exit code: 0 all were served, 1 some were not, 2 usage, 3 the result could not be written.\n\n"
         "Examples: steelyard-load --url http://198.51.100.10/ --users 64 --iterations 30 \\\n"
         "            --source 198.51.100.100-198.51.100.131 --json result.json\n"
         "          steelyard-load --url http://198.51.100.10/ --connections 10000 --requests 2 --hold\n"
         "          steelyard-load --url dns://198.51.100.10/who.example --connections 10000 --at-once 16\n";
  return out.str();
}

}  // namespace steelyard::load
