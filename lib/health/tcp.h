// A check that a TCP handshake passes; what checks with more to ask begin with.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "health/probe.h"

namespace steelyard::health {

// Keeps itself alive by what it waits for. Closes with a RST, so that neither side is left with a TIME_WAIT.
class TcpProbe : public Probe, public std::enable_shared_from_this<TcpProbe> {
 public:
  TcpProbe(const Surroundings& around, Endpoint target, Done done);

  void begin();
  std::string_view give_up() override;

 protected:
  using Error = boost::system::error_code;

  virtual void connected() { finish(Outcome::passed, "connected"); }

  bool over() const noexcept { return !done_; }
  void finish(Outcome outcome, std::string reason);
  void fail(const Error& error);
  boost::asio::ip::tcp::socket& socket() noexcept { return socket_; }

 private:
  void close();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::tcp::endpoint target_;
  bool routed_;
  bool connected_ = false;
  Done done_;  // empty: it is over
};

}  // namespace steelyard::health
