// A small HTTP server in the test's own event loop.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "load/http_attempt.h"

namespace steelyard::load {

inline const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nserver 1";

inline HttpTarget target_of(const boost::asio::ip::tcp::endpoint& endpoint) {
  HttpTarget target;
  target.endpoint = endpoint;
  target.host = "x";
  return target;
}

// Answers the requests of each connection with `answers` in turn (empty: silence) and then closes, with RST
// if asked for.
struct Server {
  enum class End { close, reset, stay_open };
  using tcp = boost::asio::ip::tcp;
  using Socket = std::shared_ptr<tcp::socket>;

  Server(boost::asio::io_context& io, std::vector<std::string> texts, End last)
      : acceptor(io, {boost::asio::ip::address_v4::loopback(), 0}), answers(std::move(texts)), end(last) {
    accept();
  }

  HttpTarget target() const { return target_of(acceptor.local_endpoint()); }

  void accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      peers.push_back(socket.remote_endpoint().address().to_string());
      serve(std::make_shared<tcp::socket>(std::move(socket)), 0);
      accept();
    });
  }

  void serve(const Socket& socket, std::size_t nth) {
    auto buffer = std::make_shared<std::string>(1000, '\0');
    socket->async_read_some(
        boost::asio::buffer(*buffer), [this, socket, buffer, nth](const auto& error, std::size_t bytes) {
          if (error) return;
          requests.push_back(buffer->substr(0, bytes));
          boost::asio::async_write(*socket, boost::asio::buffer(answers[nth]),
                                   [this, socket, nth](const auto&, std::size_t) {
                                     if (nth + 1 < answers.size()) return serve(socket, nth + 1);
                                     if (end == End::stay_open) open.push_back(socket);
                                     if (end != End::reset) return;
                                     socket->set_option(boost::asio::socket_base::linger(true, 0));
                                     socket->close();  // the destructor would undo the option
                                   });
        });
  }

  tcp::acceptor acceptor;
  std::vector<std::string> answers;
  End end;
  std::vector<std::string> requests, peers;
  std::vector<Socket> open;
};

}  // namespace steelyard::load
