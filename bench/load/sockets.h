// What sockets of all protocols have in common.
#pragma once

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/socket_base.hpp>
#include <netinet/in.h>

#include "load/tally.h"

namespace steelyard::load {

// Opens a socket that sends from `source`. The port is chosen at connect(), not at bind(): else each address
// had only its 28,000 ports for all destinations, held while any connection of theirs lasts.
template <typename Socket>
boost::system::error_code open_from(Socket& socket, const typename Socket::protocol_type& protocol,
                                    const boost::asio::ip::address& source) {
  using NoPortYet = boost::asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
  boost::system::error_code error;
  socket.open(protocol, error);
  if (!error) socket.non_blocking(true, error);
  if (error || source.is_unspecified()) return error;
  if (source.is_v4()) socket.set_option(NoPortYet(true), error);
  if (!error) socket.bind({source, 0}, error);
  return error;
}

inline Outcome of_connect_error(const boost::system::error_code& error) {
  namespace failure = boost::asio::error;
  if (error == failure::connection_refused) return Outcome::refused;
  if (error == failure::timed_out) return Outcome::timed_out;
  if (error == failure::connection_reset) return Outcome::reset;
  if (error == failure::host_unreachable || error == failure::network_unreachable)
    return Outcome::unreachable;
  return Outcome::no_local_port;
}

}  // namespace steelyard::load
