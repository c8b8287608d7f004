// One HTTP/1.1 response, fed as it arrives (RFC 9112): Content-Length, chunked, or until the connection
// closes.
#pragma once

#include <string>
#include <string_view>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace steelyard::load {

class Response {
 public:
  enum class State { partial, complete, malformed };

  Response();

  // Takes what was read. Bytes behind a complete response make it malformed: nobody asked for them.
  State feed(std::string_view bytes);

  // The other side has closed: completes a response that has no length of its own.
  State close();

  State state() const noexcept { return state_; }
  unsigned status() const { return parser_.get().result_int(); }
  const std::string& body() const { return parser_.get().body(); }

 private:
  State settle(const boost::beast::error_code& error);

  boost::beast::http::response_parser<boost::beast::http::string_body> parser_;
  std::string pending_;  // a header line, or chunk header, that is not whole yet
  State state_ = State::partial;
};

}  // namespace steelyard::load
