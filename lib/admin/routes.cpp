#include "admin/routes.h"

#include <iterator>

#include <boost/json/object.hpp>

#include "admin/api.h"
#include "admin/capture.h"
#include "admin/connections.h"
#include "admin/health.h"
#include "admin/machine.h"

namespace steelyard::admin {

Routes routes(const Sources& sources) {
  control::Director& director = sources.director;
  const control::HealthChecks& health = sources.health;
  return {
      {Method::get, "/v1/services", [&director](const Request&) { return services(director); }, {}},
      {Method::get, "/v1/servers", [&director](const Request&) { return servers(director); }, {}},
      {Method::get,
       "/v1/health",
       [&health](const Request&) {
         return list_health(health.checks(), health.now(), std::chrono::system_clock::now());
       },
       {}},
      {Method::get, "/v1/drops", [&director](const Request&) { return drops(director); }, {}},
      {Method::get, "/v1/packets", [&director](const Request&) { return packets(director); }, {}},
      {Method::get, "/v1/table", [&director](const Request&) { return table(director); }, {}},
      {Method::get,
       "/v1/capture",
       [&director, clock = sources.clock](const Request& r) { return capture_packets(director, r, clock); },
       {kCaptureParameters.begin(), kCaptureParameters.end()}},
      {Method::get,
       "/v1/connections",
       [&director](const Request& r) {
         return list_connections(director, connection_filter(r, director), connection_limit(r));
       },
       {std::begin(kConnectionParameters), std::end(kConnectionParameters)}},
      {Method::get,
       "/v1/persistence",
       [&director](const Request& r) {
         control::ConnectionFilter filter = connection_filter(r, director);
         filter.listed = control::Listed::templates;
         return list_connections(director, std::move(filter), connection_limit(r));
       },
       {std::begin(kTemplateParameters), std::end(kTemplateParameters)}},
      {Method::get, "/v1/ports", [list = sources.ports](const Request&) { return ports(list()); }, {}},
      {Method::get, "/v1/workers", [&director](const Request&) { return workers(director.workers()); }, {}},
      {Method::post,
       "/v1/services/*/zero",
       [&director](const Request& r) { return zero(director, r.name); },
       {}},
      {Method::post,
       "/v1/zero",
       [&director](const Request&) {
         director.zero();
         return boost::json::object{{"zeroed", "all"}};
       },
       {}},
  };
}

}  // namespace steelyard::admin
