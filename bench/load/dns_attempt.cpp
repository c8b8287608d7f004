#include "load/dns_attempt.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "load/dns_message.h"
#include "load/sockets.h"

namespace steelyard::load {

namespace asio = boost::asio;

DnsAttempt::DnsAttempt(asio::io_context& io, const DnsTarget& target, uint64_t number, Events events)
    : io_(io),
      target_(target),
      id_(static_cast<uint16_t>(number)),
      events_(std::move(events)),
      socket_(io),
      timer_(io) {}

void DnsAttempt::start(const asio::ip::address& source) {
  began_ = std::chrono::steady_clock::now();
  if (const Error error = send(source)) {
    asio::post(io_, [self = shared_from_this(), error] { self->finish(of_connect_error(error)); });
    return;
  }
  timer_.expires_at(began_ + target_.limit);
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (!error) self->finish(Outcome::timed_out);
  });
  receive();
}

DnsAttempt::Error DnsAttempt::send(const asio::ip::address& source) {
  Error error = open_from(socket_, target_.endpoint.protocol(), source);
  if (!error) socket_.connect(target_.endpoint, error);
  if (!error) socket_.send(asio::buffer(dns_query(id_, target_.name)), 0, error);
  return error;
}

void DnsAttempt::receive() {
  socket_.async_receive(
      asio::buffer(buffer_),
      [self = shared_from_this()](const Error& error, std::size_t bytes) { self->received(error, bytes); });
}

void DnsAttempt::received(const Error& error, std::size_t bytes) {
  if (finished_) return;
  if (error) return finish(of_connect_error(error));
  const auto now = std::chrono::steady_clock::now();
  DnsAnswer answer = read_dns_answer({buffer_.data(), bytes}, id_);
  switch (answer.state) {
    case DnsAnswer::State::other:
      return receive();
    case DnsAnswer::State::malformed:
      return finish(Outcome::wrong_body);
    case DnsAnswer::State::failed:
      return finish(Outcome::bad_status);
    case DnsAnswer::State::text:
      break;
  }
  result_.latencies.push_back(now - began_);
  result_.body = std::move(answer.text);
  const bool good = target_.expected.empty() || target_.expected.contains(body_label(result_.body));
  finish(good ? Outcome::served : Outcome::wrong_body);
}

void DnsAttempt::finish(Outcome outcome) {
  if (std::exchange(finished_, true)) return;
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
  result_.outcome = outcome;
  events_.done(result_);
}

}  // namespace steelyard::load
