// A connection with one or more HTTP requests, one after the other: connect, the requests, the last of them
// with "Connection: close", whole responses, the other side's close.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "load/attempt.h"
#include "load/response.h"

namespace steelyard::load {

// What all connections of a load have in common; outlives them.
struct HttpTarget {
  boost::asio::ip::tcp::endpoint endpoint;
  std::string host;                   // of the Host header
  std::string path = "/";             // "{n}" in it stands for the connection's number
  std::optional<std::string> upload;  // the body of a PUT; else it is a GET
  uint32_t requests = 1;
  bool hold = false;  // wait for resume() after the first answer; wants 2 requests or more
  std::chrono::milliseconds limit{
      5000};                       // for each request; the first includes the connect, the last the close
  std::set<std::string> expected;  // bodies that count; empty: any
};

// The head of a request. `last`: the connection ends with it.
std::string request_head(const HttpTarget& target, uint64_t number, bool last);

class HttpAttempt : public Attempt, public std::enable_shared_from_this<HttpAttempt> {
 public:
  HttpAttempt(boost::asio::io_context& io, const HttpTarget& target, uint64_t number, Events events);

  void start(const boost::asio::ip::address& source) override;
  void resume() override;

 private:
  using Error = boost::system::error_code;
  using Clock = std::chrono::steady_clock;

  void connected(const Error& error);
  void ask();
  void await();
  void readable(const Error& error);
  void took(Response::State state);
  void answered();
  void hold();
  void ended(const Error& error);
  void expire_at(Clock::time_point deadline);
  void expired();
  Outcome verdict();
  void finish(Outcome outcome);

  boost::asio::io_context& io_;
  const HttpTarget& target_;
  uint64_t number_;
  Events events_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point asked_, deadline_;
  std::string head_;
  std::optional<Response> response_;  // to the request under way; none while the connection is held
  std::unique_ptr<char[]> buffer_;    // not kept while the connection is held
  Result result_;
  Outcome outcome_ = Outcome::served;  // of the last response
  bool sending_ = false;               // the request, whose bytes are head_'s
  bool whole_ = false;                 // the last response is there; only the other side's close is awaited
  bool finished_ = false;
};

}  // namespace steelyard::load
