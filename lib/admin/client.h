// The other end of the admin socket: one blocking request, for steelyardctl and tests.
#pragma once

#include <stdexcept>
#include <string>

#include <boost/json/value.hpp>

namespace steelyard::admin {

// What went wrong, in one line that says what to do.
struct ClientError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// GET `target` from the director that listens on `socket`. Throws ClientError.
boost::json::value get(const std::string& socket, const std::string& target);

}  // namespace steelyard::admin
