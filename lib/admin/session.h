// One client of the admin socket, from its first request to its end. Keeps itself alive by what it waits for.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "admin/route.h"

namespace steelyard::admin {

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Local = boost::asio::local::stream_protocol;
  Session(Local::socket socket, std::shared_ptr<const Routes> routes);
  void start() { read(); }

 private:
  using Error = boost::beast::error_code;
  void read();
  void answer();
  void send(unsigned status, const boost::json::value& value);
  // A streamed answer: in chunks, at the end of which the connection is closed.
  void send(std::unique_ptr<Stream> stream);
  void watch();
  void produce();
  void after_chunk();
  void finish();
  void end();

  boost::beast::basic_stream<Local> socket_;
  std::shared_ptr<const Routes> routes_;  // a session may outlive the server by a moment
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;

  std::unique_ptr<Stream> stream_;
  boost::beast::http::response<boost::beast::http::empty_body> header_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>> serializer_;
  std::string chunk_;
  Stream::Next next_ = Stream::Next::more;
  boost::asio::steady_timer timer_;
  std::array<char, 1> byte_{};  // what a client sends during a streamed answer
};

}  // namespace steelyard::admin
