#include "admin/server.h"

#include <chrono>
#include <filesystem>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/start_error.h"

namespace steelyard::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Local = asio::local::stream_protocol;
using Stream = beast::basic_stream<Local>;

constexpr std::chrono::seconds kIdleLimit{30};
constexpr std::size_t kMaxRequest = 64 * 1024;

http::response<http::string_body> respond(const Routes& routes,
                                          const http::request<http::string_body>& request) {
  http::response<http::string_body> response{http::status::ok, request.version()};
  response.set(http::field::server, "steelyard");
  response.set(http::field::content_type, "application/json");
  response.keep_alive(request.keep_alive());
  const auto fail = [&response](http::status status, std::string_view why) {
    response.result(status);
    response.body() =
        boost::json::serialize(boost::json::object{{"error", boost::json::string(why.data(), why.size())}});
  };
  const std::string target(request.target().data(), request.target().size());
  const auto route = routes.find(target.substr(0, target.find('?')));
  if (route == routes.end()) {
    fail(http::status::not_found, fmt::format("no such path: {}", target));
  } else if (request.method() != http::verb::get) {
    fail(http::status::method_not_allowed, fmt::format("{} answers GET only", target));
  } else {
    response.body() = boost::json::serialize(route->second());
  }
  response.body() += '\n';
  response.prepare_payload();
  return response;
}

// One client connection; keeps itself alive by what it waits for.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Local::socket socket, const Routes& routes) : stream_(std::move(socket)), routes_(routes) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(kMaxRequest);
    stream_.expires_after(kIdleLimit);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
  }

 private:
  void on_read(beast::error_code error) {
    if (error) return;  // closed, idle for too long, or not HTTP
    response_ = respond(routes_, parser_->get());
    stream_.expires_after(kIdleLimit);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code failed, std::size_t) {
      if (!failed && self->response_.keep_alive()) self->read();
    });
  }

  Stream stream_;
  const Routes routes_;  // its own: a session may outlive the server by a moment
  beast::flat_buffer buffer_{kMaxRequest};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

// True if someone answers on the socket.
bool in_use(asio::io_context& loop, const std::string& path) {
  Local::socket probe(loop);
  boost::system::error_code error;
  probe.connect(Local::endpoint(path), error);
  return !error;
}

}  // namespace

class Server::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& loop, std::string path, Routes routes)
      : acceptor_(loop), path_(std::move(path)), routes_(std::move(routes)) {
    if (path_.size() >= sizeof(sockaddr_un{}.sun_path))
      throw StartError(fmt::format("admin_socket {}: the path is too long for a Unix socket", path_));
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    if (in_use(loop, path_))
      throw StartError(fmt::format(
          "admin_socket {}: another director answers there; stop it or name another path", path_));
    if (std::filesystem::is_socket(path_, ignored)) std::filesystem::remove(path_, ignored);
    boost::system::error_code error;
    acceptor_.open(Local(), error);
    if (!error) acceptor_.bind(Local::endpoint(path_), error);
    if (!error && ::chmod(path_.c_str(), 0660) != 0) error.assign(errno, boost::system::system_category());
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) throw StartError(fmt::format("admin_socket {}: {}", path_, error.message()));
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](beast::error_code error, Local::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) std::make_shared<Session>(std::move(socket), self->routes_)->read();
      self->accept();
    });
  }

  void close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    ::unlink(path_.c_str());
  }

 private:
  Local::acceptor acceptor_;
  std::string path_;
  Routes routes_;
};

Server::Server(asio::io_context& loop, std::string path, Routes routes)
    : listener_(std::make_shared<Listener>(loop, std::move(path), std::move(routes))) {
  listener_->accept();
}

Server::~Server() { listener_->close(); }

}  // namespace steelyard::admin
