#include "admin/session.h"

#include <chrono>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "admin/router.h"

namespace steelyard::admin {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;

constexpr std::chrono::seconds kIdleLimit{30};
constexpr std::chrono::milliseconds kStreamPause{1};
constexpr std::size_t kMaxRequest = 64 * 1024;

}  // namespace

Session::Session(Local::socket socket, std::shared_ptr<const Routes> routes)
    : socket_(std::move(socket)),
      routes_(std::move(routes)),
      buffer_(kMaxRequest),
      timer_(socket_.get_executor()) {}

void Session::read() {
  parser_.emplace();
  parser_->body_limit(kMaxRequest);
  socket_.expires_after(kIdleLimit);
  http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) {
    if (!error) self->answer();  // else closed, idle for too long, or not HTTP
  });
}

void Session::answer() {
  const auto& request = parser_->get();
  const std::string_view target(request.target().data(), request.target().size());
  try {
    if (request.method() != http::verb::get && request.method() != http::verb::post)
      throw Refusal(405, fmt::format("{} answers GET and POST only", target));
    const Method method = request.method() == http::verb::post ? Method::post : Method::get;
    Answer answer = dispatch(*routes_, method, target);
    if (auto* stream = std::get_if<std::unique_ptr<Stream>>(&answer)) return send(std::move(*stream));
    send(200, std::get<json::value>(answer));
  } catch (const Refusal& e) {
    send(e.status, json::object{{"error", e.what()}});
  } catch (const std::exception& e) {
    send(500, json::object{{"error", e.what()}});
  }
}

void Session::send(unsigned status, const json::value& value) {
  const auto& request = parser_->get();
  response_ = {static_cast<http::status>(status), request.version()};
  response_.set(http::field::server, "steelyard");
  response_.set(http::field::content_type, "application/json");
  response_.keep_alive(request.keep_alive());
  response_.body() = json::serialize(value) + "\n";
  response_.prepare_payload();
  socket_.expires_after(kIdleLimit);
  http::async_write(socket_, response_, [self = shared_from_this()](Error error, std::size_t) {
    if (!error && self->response_.keep_alive()) self->read();
  });
}

void Session::send(std::unique_ptr<Stream> stream) {
  stream_ = std::move(stream);
  const std::string_view type = stream_->type();
  header_ = {http::status::ok, 11};
  header_.set(http::field::server, "steelyard");
  header_.set(http::field::content_type, {type.data(), type.size()});
  header_.keep_alive(false);
  header_.chunked(true);
  serializer_.emplace(header_);
  socket_.expires_never();  // a reader may take its time
  http::async_write_header(socket_, *serializer_, [self = shared_from_this()](Error error, std::size_t) {
    error ? self->end() : self->produce();
  });
  watch();
}

// Sees the client close the connection, also while there is nothing to send.
void Session::watch() {
  socket_.async_read_some(asio::buffer(byte_), [self = shared_from_this()](Error error, std::size_t) {
    error ? self->end() : self->watch();
  });
}

void Session::produce() {
  if (stream_ == nullptr) return;  // the client has gone
  chunk_.clear();
  try {
    next_ = stream_->next(chunk_);
  } catch (const std::exception&) {
    return end();  // without the last chunk, so that the client can tell
  }
  if (chunk_.empty()) return after_chunk();
  asio::async_write(
      socket_, http::make_chunk(asio::buffer(chunk_)),
      [self = shared_from_this()](Error error, std::size_t) { error ? self->end() : self->after_chunk(); });
}

void Session::after_chunk() {
  if (stream_ == nullptr) return;
  if (next_ == Stream::Next::end) return finish();
  if (next_ == Stream::Next::more)
    return asio::post(socket_.get_executor(), [self = shared_from_this()] { self->produce(); });
  timer_.expires_after(kStreamPause);
  timer_.async_wait([self = shared_from_this()](Error error) {
    if (!error) self->produce();
  });
}

void Session::finish() {
  asio::async_write(socket_, http::make_chunk_last(),
                    [self = shared_from_this()](Error, std::size_t) { self->end(); });
}

void Session::end() {
  stream_.reset();
  timer_.cancel();
  socket_.close();
}

}  // namespace steelyard::admin
