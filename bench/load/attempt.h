// One connection of the load: connect, one GET with "Connection: close", the whole response, the other side's
// close. No retry; everything within one time limit.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "load/response.h"
#include "load/tally.h"

namespace steelyard::load {

// What all connections of a load have in common; outlives them.
struct Target {
  boost::asio::ip::tcp::endpoint endpoint;
  std::string request;
  std::chrono::milliseconds limit{5000};
  std::set<std::string> expected;  // bodies that count; empty: any
};

class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Done = std::function<void(const Result&)>;

  Attempt(boost::asio::io_context& io, const Target& target, Done done);

  // Starts; `done` is called exactly once, never from within start(). `source` may be unspecified (0.0.0.0).
  void start(const boost::asio::ip::address& source);

 private:
  using Error = boost::system::error_code;

  Error open(const boost::asio::ip::address& source);
  void connected(const Error& error);
  void sent(const Error& error);
  void read();
  void received(const Error& error, std::size_t bytes);
  void took(Response::State state);
  void ended(const Error& error);
  void expired();
  void finish(Outcome outcome);

  boost::asio::io_context& io_;
  const Target& target_;
  Done done_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point began_;
  Response response_;
  Result result_;
  bool connected_ = false;
  bool whole_ = false;  // the response is there; only the other side's close is awaited
  bool finished_ = false;
  std::array<char, 16384> buffer_;
};

}  // namespace steelyard::load
