#include "load/response.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

namespace steelyard::load {

namespace http = boost::beast::http;

Response::Response() {
  parser_.eager(true);
  parser_.body_limit(uint64_t{64} << 20);
}

Response::State Response::feed(std::string_view bytes) {
  if (state_ != State::partial) return state_ = bytes.empty() ? state_ : State::malformed;
  pending_.append(bytes);
  boost::beast::error_code error;
  std::size_t used = 0;
  while (used < pending_.size() && !parser_.is_done()) {
    const std::size_t now =
        parser_.put(boost::asio::buffer(pending_.data() + used, pending_.size() - used), error);
    used += now;
    if (error || now == 0) break;
  }
  pending_.erase(0, used);
  if (parser_.is_done() && !pending_.empty()) return state_ = State::malformed;
  return settle(error);
}

Response::State Response::close() {
  if (state_ != State::partial) return state_;
  boost::beast::error_code error;
  if (parser_.got_some()) parser_.put_eof(error);
  return settle(error);
}

Response::State Response::settle(const boost::beast::error_code& error) {
  if (parser_.is_done())
    state_ = State::complete;
  else if (error && error != http::error::need_more && error != http::error::partial_message)
    state_ = State::malformed;
  return state_;
}

}  // namespace steelyard::load
