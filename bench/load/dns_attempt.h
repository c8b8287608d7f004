// One question over UDP from a socket of its own, asked once.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "load/attempt.h"

namespace steelyard::load {

// What all questions of a load have in common; outlives them.
struct DnsTarget {
  boost::asio::ip::udp::endpoint endpoint;
  std::string name;  // whose TXT record is asked for
  std::chrono::milliseconds limit{5000};
  std::set<std::string> expected;  // texts that count; empty: any
};

// As outcomes: `bad_status` is a response code other than 0, `wrong_body` an answer without the text.
class DnsAttempt : public Attempt, public std::enable_shared_from_this<DnsAttempt> {
 public:
  DnsAttempt(boost::asio::io_context& io, const DnsTarget& target, uint64_t number, Events events);

  void start(const boost::asio::ip::address& source) override;

 private:
  using Error = boost::system::error_code;

  Error send(const boost::asio::ip::address& source);
  void receive();
  void received(const Error& error, std::size_t bytes);
  void finish(Outcome outcome);

  boost::asio::io_context& io_;
  const DnsTarget& target_;
  uint16_t id_;
  Events events_;
  boost::asio::ip::udp::socket socket_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point began_;
  std::array<char, 4096> buffer_;
  Result result_;
  bool finished_ = false;
};

}  // namespace steelyard::load
