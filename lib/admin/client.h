// The other end of the admin socket: one blocking request, for steelyardctl and tests.
#pragma once

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace steelyard::admin {

// What went wrong, in one line that says what to do.
struct ClientError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A path with its query, percent-encoded.
std::string target(std::string_view path, const std::map<std::string, std::string>& query);

// Asks the director that listens on `socket`. Throw ClientError, also when it does not answer in time.
boost::json::value get(const std::string& socket, const std::string& target);
boost::json::value post(const std::string& socket, const std::string& target);

enum class Ended : uint8_t {
  complete,
  stopped,  // by `take`, SIGINT or SIGTERM, or since nobody reads any more
};
// GET for answers of any length: hands the body over as it comes, until `take` returns false. Throws
// ClientError, also when the answer breaks off. `reader`: ends also once nobody reads any more what is
// written to this descriptor, a pipe's, even if nothing comes; -1: none.
using Take = std::function<bool(std::string_view bytes)>;
Ended stream(const std::string& socket, const std::string& target, const Take& take, int reader = -1);

}  // namespace steelyard::admin
