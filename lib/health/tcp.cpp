#include "health/tcp.h"

#include <cctype>

#include <boost/asio/post.hpp>

#include "health/kinds.h"

namespace steelyard::health {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

tcp::endpoint endpoint_of(Endpoint e) { return {asio::ip::address_v4(e.address.host()), e.port.host()}; }

// What the director lacks says nothing about the server.
bool is_our_own(const boost::system::error_code& error) {
  using namespace boost::system::errc;
  for (const errc_t own : {too_many_files_open, too_many_files_open_in_system, not_enough_memory,
                           no_buffer_space, address_not_available, resource_unavailable_try_again})
    if (error == own) return true;
  return false;
}

// "Connection refused" -> "connection refused"
std::string text_of(const boost::system::error_code& error) {
  std::string text = error.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

TcpProbe::TcpProbe(const Surroundings& around, Endpoint target, Done done)
    : socket_(around.loop),
      target_(endpoint_of(target)),
      routed_(around.routed(target.address)),
      done_(std::move(done)) {}

void TcpProbe::begin() {
  const auto self = shared_from_this();
  if (!routed_)
    return asio::post(socket_.get_executor(), [self] {
      if (!self->over()) self->finish(Outcome::failed, "no route by any port");
    });
  socket_.async_connect(target_, [self](const Error& error) {
    if (self->over()) return;
    if (error) return self->fail(error);
    self->connected_ = true;
    self->connected();
  });
}

std::string_view TcpProbe::give_up() {
  done_ = nullptr;
  close();
  return connected_ ? "answer timed out" : "connect timed out";
}

void TcpProbe::finish(Outcome outcome, std::string reason) {
  close();
  const Done done = std::exchange(done_, nullptr);
  done({outcome, std::move(reason)});
}

void TcpProbe::fail(const Error& error) {
  finish(is_our_own(error) ? Outcome::unknown : Outcome::failed, text_of(error));
}

void TcpProbe::close() {
  Error ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

std::shared_ptr<Probe> start_tcp(const Surroundings& around, Endpoint target, const config::HealthCheck&,
                                 Done done) {
  const auto probe = std::make_shared<TcpProbe>(around, target, std::move(done));
  probe->begin();
  return probe;
}

}  // namespace steelyard::health
