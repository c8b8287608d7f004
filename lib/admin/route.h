// What the admin API's paths are answered by. Everything here happens on the control core's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/value.hpp>

namespace steelyard::admin {

struct Request {
  std::string name;                                       // what stands for the route's `*`
  std::map<std::string, std::string, std::less<>> query;  // only parameters that the route knows

  // "" if it is not given.
  std::string_view get(std::string_view parameter) const {
    const auto at = query.find(parameter);
    return at == query.end() ? std::string_view{} : at->second;
  }
};

// Thrown by a handler: the request can't be answered. The client gets {"error": what} with this HTTP status.
struct Refusal : std::runtime_error {
  Refusal(unsigned http_status, const std::string& why) : std::runtime_error(why), status(http_status) {}
  unsigned status;
};

// A long answer, made a piece at a time between the other work of the event loop.
class Stream {
 public:
  enum class Next : uint8_t {
    more,  // call again soon
    wait,  // nothing to send for now: call again in a millisecond
    end,   // the answer is complete
  };
  virtual ~Stream() = default;  // all is sent, or the client has gone
  // Appends what comes next, some 64 KB at most, in about 100 us at most: the workers' rings wait meanwhile.
  // Called again only once that has been written, so a slow reader holds up nothing but its own answer.
  virtual Next next(std::string& out) = 0;
  virtual std::string_view type() const { return "application/json"; }  // Content-Type
};

using Answer = std::variant<boost::json::value, std::unique_ptr<Stream>>;

enum class Method : uint8_t { get, post };

struct Route {
  Method method = Method::get;
  std::string path;  // "/v1/services"; one segment may be `*`, as in "/v1/services/*/zero"
  std::function<Answer(const Request&)> handler;
  std::vector<std::string_view> parameters;  // that its query may have; others are refused
};
using Routes = std::vector<Route>;

}  // namespace steelyard::admin
