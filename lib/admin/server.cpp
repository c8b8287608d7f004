#include "admin/server.h"

#include <cerrno>
#include <chrono>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "admin/session.h"
#include "base/start_error.h"

namespace steelyard::admin {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

// Who may connect. Before anybody can: nobody listens yet.
error_code protect(const SocketClaim& claim) {
  const char* path = claim.path().c_str();
  if (claim.group() && ::chown(path, static_cast<uid_t>(-1), *claim.group()) != 0)
    return {errno, boost::system::system_category()};
  if (::chmod(path, 0660) != 0) return {errno, boost::system::system_category()};
  return {};
}

}  // namespace

class Server::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& loop, const SocketClaim& claim, Routes routes)
      : acceptor_(loop),
        pause_(loop),
        path_(claim.path()),
        routes_(std::make_shared<const Routes>(std::move(routes))) {
    open(claim);
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, Local::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return self->accept_later();
      std::make_shared<Session>(std::move(socket), self->routes_)->start();
      self->accept();
    });
  }

  void close() {
    error_code ignored;
    pause_.cancel();
    acceptor_.close(ignored);
    ::unlink(path_.c_str());
  }

 private:
  void open(const SocketClaim& claim) {
    error_code error;
    acceptor_.open(Local(), error);
    if (!error) acceptor_.bind(Local::endpoint(path_), error);
    const bool ours = !error;
    if (!error) error = protect(claim);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return;
    if (ours) ::unlink(path_.c_str());
    throw StartError(fmt::format("admin_socket {}: {}", path_, error.message()));
  }

  // Out of descriptors, most likely.
  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->accept();
    });
  }

  Local::acceptor acceptor_;
  asio::steady_timer pause_;
  std::string path_;
  std::shared_ptr<const Routes> routes_;
};

Server::Server(asio::io_context& loop, const SocketClaim& claim, Routes routes)
    : listener_(std::make_shared<Listener>(loop, claim, std::move(routes))) {
  listener_->accept();
}

Server::~Server() { listener_->close(); }

}  // namespace steelyard::admin
