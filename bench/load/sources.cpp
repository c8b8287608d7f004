#include "load/sources.h"

#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace steelyard::load {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;

constexpr uint32_t kMostInRange = 65536;

address parse_one(std::string_view text) {
  boost::system::error_code error;
  const address parsed = boost::asio::ip::make_address(std::string(text), error);
  if (error) throw std::invalid_argument(fmt::format("'{}' is not an IP address", text));
  return parsed;
}

void append_range(std::string_view text, std::size_t dash, std::vector<address>& out) {
  const address first = parse_one(text.substr(0, dash)), last = parse_one(text.substr(dash + 1));
  if (!first.is_v4() || !last.is_v4())
    throw std::invalid_argument(fmt::format("'{}': a range is of IPv4 addresses", text));
  const uint32_t low = first.to_v4().to_uint(), high = last.to_v4().to_uint();
  if (high < low || high - low >= kMostInRange)
    throw std::invalid_argument(
        fmt::format("'{}': a range is 1 to {} addresses upwards", text, kMostInRange));
  for (uint32_t i = 0; i <= high - low; ++i) out.emplace_back(address_v4(low + i));
}

}  // namespace

std::vector<address> parse_sources(std::string_view text) {
  std::vector<address> out;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    if (const std::size_t dash = item.find('-'); dash != std::string_view::npos)
      append_range(item, dash, out);
    else
      out.push_back(parse_one(item));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace steelyard::load
