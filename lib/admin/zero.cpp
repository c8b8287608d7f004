#include "admin/zero.h"

#include <ostream>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "admin/client.h"

namespace steelyard::admin {

int zero_counters(const Invocation& call, std::ostream& out) {
  const bool all = call.arguments.empty();
  // A name is one segment of the path; it has no character that would need encoding (docs/configuration.md).
  if (!all && call.arguments.front().find('/') != std::string::npos)
    throw UsageError(fmt::format("{} is no name of a service", call.arguments.front()));
  const std::string path = all ? "/v1/zero" : fmt::format("/v1/services/{}/zero", call.arguments.front());
  const boost::json::value answer = post(call.socket, target(path, {}));
  if (call.json) out << boost::json::serialize(answer) << "\n";
  return kDone;
}

}  // namespace steelyard::admin
