// HTTP/1.1 on a Unix socket, on the control core's event loop: every request is answered by a function of its
// path.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

namespace steelyard::admin {

// Path, such as "/v1/services", to what it answers. Called on the loop's thread.
using Routes = std::map<std::string, std::function<boost::json::value()>>;

class Server {
 public:
  // Listens on `path` (mode 0660). Makes its directory; takes the place of a socket that nobody listens on
  // any more. Throws StartError: the socket is in use, or can't be made.
  Server(boost::asio::io_context& loop, std::string path, Routes routes);
  ~Server();  // stops listening and removes the socket
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  class Listener;
  std::shared_ptr<Listener> listener_;
};

}  // namespace steelyard::admin
