#include "admin/router.h"

#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace steelyard::admin {
namespace {

namespace urls = boost::urls;

// Segment by segment; what stands for `*` goes to `name`.
bool fits(std::string_view pattern, const urls::url_view& url, std::string& name) {
  for (const auto& given : url.segments()) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);  // '/'
    const std::string_view wanted = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(wanted.size());
    if (wanted == "*")
      name = given;
    else if (wanted != std::string_view(given))
      return false;
  }
  return pattern.empty();
}

void read_query(const urls::url_view& url, const Route& route, Request& request) {
  for (const auto& parameter : url.params()) {
    const std::string key(parameter.key);
    if (std::ranges::find(route.parameters, key) == route.parameters.end())
      throw Refusal(400, route.parameters.empty()
                             ? fmt::format("unknown parameter {}; {} takes none", key, route.path)
                             : fmt::format("unknown parameter {}; {} takes {}", key, route.path,
                                           fmt::join(route.parameters, ", ")));
    if (!request.query.emplace(key, std::string(parameter.value)).second)
      throw Refusal(400, fmt::format("the parameter {} is given twice", key));
  }
}

}  // namespace

Answer dispatch(const Routes& routes, Method method, std::string_view target) {
  const auto url = urls::parse_origin_form({target.data(), target.size()});
  if (!url) throw Refusal(400, fmt::format("not a path: {}", target));
  const std::string path = url->path();
  const Route* other_method = nullptr;
  for (const Route& route : routes) {
    Request request;
    if (!fits(route.path, *url, request.name)) continue;
    if (route.method != method) {
      other_method = &route;
      continue;
    }
    read_query(*url, route, request);
    return route.handler(request);
  }
  if (other_method != nullptr)
    throw Refusal(405, fmt::format("{} answers {} only", path, method == Method::post ? "GET" : "POST"));
  throw Refusal(404, fmt::format("no such path: {}", path));
}

}  // namespace steelyard::admin
