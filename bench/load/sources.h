// The client addresses a load comes from.
#pragma once

#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

namespace steelyard::load {

// "A", "A,B", "A-B" (both ends included, IPv4 only) and any list of these, in the order given.
// Throws std::invalid_argument with one clear line.
std::vector<boost::asio::ip::address> parse_sources(std::string_view text);

}  // namespace steelyard::load
