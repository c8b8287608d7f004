#include "load/attempt.h"

#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>

namespace steelyard::load {

namespace asio = boost::asio;

namespace {

using NoPortYet = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;

Outcome of_connect_error(const boost::system::error_code& error) {
  if (error == asio::error::connection_refused) return Outcome::refused;
  if (error == asio::error::timed_out) return Outcome::timed_out;
  if (error == asio::error::connection_reset) return Outcome::reset;
  if (error == asio::error::host_unreachable || error == asio::error::network_unreachable)
    return Outcome::unreachable;
  return Outcome::no_local_port;
}

}  // namespace

Attempt::Attempt(asio::io_context& io, const Target& target, Done done)
    : io_(io), target_(target), done_(std::move(done)), socket_(io), timer_(io) {}

void Attempt::start(const asio::ip::address& source) {
  began_ = std::chrono::steady_clock::now();
  if (open(source)) {
    asio::post(io_, [self = shared_from_this()] { self->finish(Outcome::no_local_port); });
    return;
  }
  timer_.expires_at(began_ + target_.limit);
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (!error) self->expired();
  });
  socket_.async_connect(target_.endpoint,
                        [self = shared_from_this()](const Error& error) { self->connected(error); });
}

// The port is chosen at connect(), not at bind(): else each address had only its 28,000 ports for all
// destinations, held while any connection of theirs lasts.
Attempt::Error Attempt::open(const asio::ip::address& source) {
  Error error;
  socket_.open(target_.endpoint.protocol(), error);
  if (error || source.is_unspecified()) return error;
  if (source.is_v4()) socket_.set_option(NoPortYet(true), error);
  if (!error) socket_.bind({source, 0}, error);
  return error;
}

void Attempt::connected(const Error& error) {
  if (finished_) return;
  if (error) return finish(of_connect_error(error));
  connected_ = true;
  asio::async_write(socket_, asio::buffer(target_.request),
                    [self = shared_from_this()](const Error& failed, std::size_t) { self->sent(failed); });
}

void Attempt::sent(const Error& error) {
  if (finished_) return;
  if (error) return ended(error);
  read();
}

void Attempt::read() {
  socket_.async_read_some(
      asio::buffer(buffer_),
      [self = shared_from_this()](const Error& error, std::size_t bytes) { self->received(error, bytes); });
}

void Attempt::received(const Error& error, std::size_t bytes) {
  if (finished_) return;
  if (error) return ended(error);
  took(response_.feed({buffer_.data(), bytes}));
}

// After a whole response the client waits for the other side's FIN instead of closing first: so the
// side that keeps TIME_WAIT is the server, and the client's ports are free again at once.
void Attempt::took(Response::State state) {
  if (state == Response::State::malformed) return finish(Outcome::wrong_body);
  if (state == Response::State::complete) {
    whole_ = true;
    result_.latency = std::chrono::steady_clock::now() - began_;
  }
  read();
}

void Attempt::ended(const Error& error) {
  if (whole_) {
    result_.closed = error == asio::error::eof;
    return finish(Outcome::served);
  }
  if (error != asio::error::eof) return finish(Outcome::reset);
  if (response_.close() != Response::State::complete) return finish(Outcome::cut_short);
  result_.latency = std::chrono::steady_clock::now() - began_;
  finish(Outcome::served);
}

void Attempt::expired() {
  if (finished_) return;
  result_.closed = false;
  finish(whole_ ? Outcome::served : Outcome::timed_out);
}

void Attempt::finish(Outcome outcome) {
  if (std::exchange(finished_, true)) return;
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
  if (outcome == Outcome::served) {
    result_.body = response_.body();
    if (response_.status() != 200)
      outcome = Outcome::bad_status;
    else if (!target_.expected.empty() && !target_.expected.contains(body_label(result_.body)))
      outcome = Outcome::wrong_body;
  }
  result_.outcome = outcome;
  done_(result_);
}

}  // namespace steelyard::load
