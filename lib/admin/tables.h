// What `steelyardctl show` prints: the API's JSON as aligned tables.
#pragma once

#include <string>

#include <boost/json/value.hpp>

namespace steelyard::admin {

std::string services_table(const boost::json::value& services);  // of GET /v1/services
std::string servers_table(const boost::json::value& servers);    // of GET /v1/servers
std::string health_table(const boost::json::value& checks);      // of GET /v1/health
std::string drops_table(const boost::json::value& drops);        // of GET /v1/drops: what is not zero
std::string ports_table(const boost::json::value& ports);        // of GET /v1/ports
std::string workers_table(const boost::json::value& workers);    // of GET /v1/workers
std::string numbers_table(const boost::json::value& object);     // one number a line

}  // namespace steelyard::admin
