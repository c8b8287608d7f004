// One HTTP/1.1 request. The answer's header decides, and its body if a text is looked for in it.
#include <algorithm>
#include <array>
#include <optional>

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <fmt/format.h>

#include "health/kinds.h"
#include "health/tcp.h"

namespace steelyard::health {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMostHeader = 8192;
constexpr std::size_t kMostBody = 65536;  // a text further behind is not found

// RFC 9110, 7.2: the port is left out if it is 80.
std::string host_of(Endpoint target) {
  return target.port.host() == 80 ? to_string(target.address) : to_string(target);
}

std::string request_for(const config::HttpCheck& check, Endpoint target) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: steelyard\r\nAccept: */*\r\nConnection: close\r\n\r\n",
      check.method, check.path, check.host.empty() ? host_of(target) : check.host);
}

std::string text_of(const boost::system::error_code& error) {
  if (error == http::error::end_of_stream) return "connection closed without an answer";
  if (error == http::error::partial_message) return "connection closed in the middle of the answer";
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return "the answer's header is too long";
  return fmt::format("the answer is not HTTP: {}", error.message());
}

class HttpProbe final : public TcpProbe {
 public:
  HttpProbe(const Surroundings& around, Endpoint target, const config::HttpCheck& check, Done done)
      : TcpProbe(around, target, std::move(done)), check_(check), request_(request_for(check, target)) {
    parser_.header_limit(kMostHeader);
    parser_.body_limit(boost::none);
    parser_.skip(check.method == "HEAD");
  }

 private:
  template <class Step>
  auto then(Step step) {
    return [self = shared_from_this(), this, step](const Error& error, std::size_t) {
      if (!over()) (this->*step)(error);
    };
  }

  void connected() override {
    boost::asio::async_write(socket(), boost::asio::buffer(request_), then(&HttpProbe::sent));
  }

  void sent(const Error& error) {
    if (error) return fail(error);
    http::async_read_header(socket(), buffer_, parser_, then(&HttpProbe::took_header));
  }

  void took_header(const Error& error) {
    if (error) return broken(error);
    const unsigned status = parser_.get().result_int();
    if (std::ranges::find(check_.status, status) == check_.status.end())
      return finish(Outcome::failed,
                    fmt::format("status {}, expected {}", status, fmt::join(check_.status, ", ")));
    if (check_.body.empty()) return finish(Outcome::passed, fmt::format("status {}", status));
    look_into_body();
  }

  void read_body() {
    parser_.get().body().data = chunk_.data();
    parser_.get().body().size = chunk_.size();
    http::async_read_some(socket(), buffer_, parser_, then(&HttpProbe::took_body));
  }

  void took_body(const Error& error) {
    if (error && error != http::error::need_buffer) return broken(error);
    body_.append(chunk_.data(), chunk_.size() - parser_.get().body().size);
    look_into_body();
  }

  void look_into_body() {
    if (body_.find(check_.body) != std::string::npos)
      return finish(Outcome::passed, fmt::format("status {}, body as expected", parser_.get().result_int()));
    if (!parser_.is_done() && body_.size() < kMostBody) return read_body();
    finish(Outcome::failed, fmt::format("the body lacks \"{}\"", check_.body));
  }

  void broken(const Error& error) {
    if (error.category() == http::make_error_code(http::error::end_of_stream).category())
      finish(Outcome::failed, text_of(error));
    else
      fail(error);
  }

  const config::HttpCheck& check_;  // the configuration's
  std::string request_;
  boost::beast::flat_buffer buffer_{2 * kMostHeader};
  http::response_parser<http::buffer_body> parser_;
  std::array<char, 4096> chunk_;
  std::string body_;
};

}  // namespace

std::shared_ptr<Probe> start_http(const Surroundings& around, Endpoint target, const config::HealthCheck& how,
                                  Done done) {
  const auto probe =
      std::make_shared<HttpProbe>(around, target, std::get<config::HttpCheck>(how.kind), std::move(done));
  probe->begin();
  return probe;
}

}  // namespace steelyard::health
