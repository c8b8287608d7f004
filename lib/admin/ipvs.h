// Services and connections in the tables that operators of Linux IPVS know from ipvsadm. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace steelyard::admin {

enum class IpvsTable : uint8_t {
  list,   // ipvsadm -Ln
  stats,  // ipvsadm -Ln --stats
  rates,  // ipvsadm -Ln --rate
};

// `services` of GET /v1/services; `size`: connections the table has room for. Numbers from 100 million on are
// shortened to K, M, G or T as ipvsadm does, unless `exact`. A server that gets no new connections because of
// its health has the weight 0.
std::string ipvs_table(IpvsTable kind, const boost::json::value& services, uint64_t size, bool exact);

// ipvsadm -Lnc: the line of one connection of GET /v1/connections.
inline constexpr std::string_view kIpvsConnectionsHeader =
    "IPVS connection entries\npro expire state       source             virtual            destination\n";
std::string ipvs_connection(const boost::json::object& connection);

}  // namespace steelyard::admin
