// HTTP/1.1 on a Unix socket, on the control core's event loop: every request is answered by its route.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "admin/route.h"
#include "admin/socket_claim.h"

namespace steelyard::admin {

class Server {
 public:
  // Listens on the socket, with mode 0660. Throws StartError when it can't be made.
  Server(boost::asio::io_context& loop, const SocketClaim& claim, Routes routes);
  ~Server();  // stops listening and removes the socket
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

}  // namespace steelyard::admin
