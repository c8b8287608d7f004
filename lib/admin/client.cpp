#include "admin/client.h"

#include <array>
#include <chrono>
#include <csignal>
#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/system_error.hpp>
#include <boost/url/url.hpp>
#include <fmt/format.h>

namespace steelyard::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Local = asio::local::stream_protocol;
using Error = beast::error_code;

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kLookAfterReader{100};

// One request on a connection of its own. `take` gets the body of an answer that is no refusal.
class Exchange {
 public:
  Exchange(const std::string& socket, http::verb method, const std::string& target, const Take& take)
      : socket_(socket), take_(take), request_(method, target, 11) {
    request_.set(http::field::host, "steelyard");
    request_.keep_alive(false);
    request_.prepare_payload();
    parser_.body_limit(boost::none);
  }

  // A streamed body may pause as long as it likes, other answers may not.
  Ended run(bool streamed, int reader = -1) {
    streamed_ = streamed;
    connect();
    if (streamed) stop_on_signals();
    if (reader >= 0) stop_without(reader);
    stream_.expires_after(kPatience);
    http::async_write(stream_, request_,
                      [this](Error error, std::size_t) { error ? fail(error) : read_header(); });
    loop_.run();
    if (error_) throw ClientError(failure());
    if (parser_.is_header_done() && refused()) throw ClientError(refusal());
    return ended_;
  }

 private:
  void connect() {
    Error error;
    try {
      stream_.socket().connect(Local::endpoint(socket_), error);
    } catch (const boost::system::system_error& e) {  // too long for a Unix socket
      error = e.code();
    }
    if (error)
      throw ClientError(fmt::format(
          "no director answers on {} ({}); name it with --instance, or its admin_socket with --socket",
          socket_, error.message()));
  }

  void stop_on_signals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](Error error, int) {
      if (!error) stop();
    });
  }

  // Looks ten times a second. Waiting for it would make the descriptor non-blocking for all who share it.
  void stop_without(int reader) {
    pollfd state{reader, 0, 0};
    if (::poll(&state, 1, 0) == 1) return stop();
    pause_.expires_after(kLookAfterReader);
    pause_.async_wait([this, reader](Error error) {
      if (!error) stop_without(reader);
    });
  }

  void read_header() {
    http::async_read_header(stream_, buffer_, parser_, [this](Error error, std::size_t) {
      if (error) return fail(error);
      read_piece();
    });
  }

  void read_piece() {
    if (parser_.is_done()) return end();
    if (streamed_ && !refused())
      stream_.expires_never();
    else
      stream_.expires_after(kPatience);
    parser_.get().body() = {piece_.data(), piece_.size(), true};
    http::async_read_some(stream_, buffer_, parser_, [this](Error error, std::size_t) {
      if (error && error != http::error::need_buffer) return fail(error);
      const std::string_view bytes(piece_.data(), piece_.size() - parser_.get().body().size);
      if (refused())
        refusal_ += bytes;
      else if (!bytes.empty() && !take_(bytes))
        return stop();
      read_piece();
    });
  }

  void stop() {
    ended_ = Ended::stopped;
    end();
  }
  void end() { loop_.stop(); }
  void fail(Error error) {
    error_ = error;
    end();
  }

  bool refused() const { return parser_.get().result() != http::status::ok; }
  std::string failure() const {
    if (error_ == beast::error::timeout)
      return fmt::format("the director on {} does not answer within {} s", socket_, kPatience.count());
    return fmt::format("the director on {} broke off: {}", socket_, error_.message());
  }
  std::string refusal() const {
    Error error;
    const boost::json::value value = boost::json::parse(refusal_, error);
    const auto* why = !error && value.is_object() ? value.as_object().if_contains("error") : nullptr;
    return why != nullptr && why->is_string() ? std::string(why->as_string().c_str())
                                              : fmt::format("HTTP {}", parser_.get().result_int());
  }

  std::string socket_;
  const Take& take_;
  bool streamed_ = false;
  asio::io_context loop_;
  beast::basic_stream<Local> stream_{loop_};
  asio::signal_set signals_{loop_};
  asio::steady_timer pause_{loop_};
  http::request<http::empty_body> request_;
  http::response_parser<http::buffer_body> parser_;
  beast::flat_buffer buffer_;
  std::array<char, 65536> piece_;
  std::string refusal_;
  Error error_;
  Ended ended_ = Ended::complete;
};

boost::json::value ask(const std::string& socket, http::verb method, const std::string& target) {
  std::string body;
  const Take append = [&body](std::string_view bytes) {
    body += bytes;
    return true;
  };
  Exchange(socket, method, target, append).run(false);
  Error error;
  boost::json::value value = boost::json::parse(body, error);
  if (error) throw ClientError(fmt::format("the director on {} answered something that is no JSON", socket));
  return value;
}

}  // namespace

std::string target(std::string_view path, const std::map<std::string, std::string>& query) {
  boost::urls::url url;
  url.set_path({path.data(), path.size()});
  for (const auto& [key, value] : query) url.params().append({key, value});
  return std::string(url.buffer().data(), url.buffer().size());
}

boost::json::value get(const std::string& socket, const std::string& target) {
  return ask(socket, http::verb::get, target);
}

boost::json::value post(const std::string& socket, const std::string& target) {
  return ask(socket, http::verb::post, target);
}

Ended stream(const std::string& socket, const std::string& target, const Take& take, int reader) {
  return Exchange(socket, http::verb::get, target, take).run(true, reader);
}

}  // namespace steelyard::admin
