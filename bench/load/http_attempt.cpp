#include "load/http_attempt.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "load/sockets.h"

namespace steelyard::load {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadSize = 65536;

std::string numbered(const std::string& path, uint64_t number) {
  constexpr std::string_view kPlace = "{n}";
  std::string out = path;
  if (const std::size_t at = out.find(kPlace); at != std::string::npos)
    out.replace(at, kPlace.size(), std::to_string(number));
  return out;
}

}  // namespace

std::string request_head(const HttpTarget& target, uint64_t number, bool last) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: steelyard-load\r\n",
                                 target.upload ? "PUT" : "GET", numbered(target.path, number), target.host);
  if (target.upload) head += fmt::format("Content-Length: {}\r\n", target.upload->size());
  if (last) head += "Connection: close\r\n";
  return head + "\r\n";
}

HttpAttempt::HttpAttempt(asio::io_context& io, const HttpTarget& target, uint64_t number, Events events)
    : io_(io), target_(target), number_(number), events_(std::move(events)), socket_(io), timer_(io) {}

void HttpAttempt::start(const asio::ip::address& source) {
  asked_ = Clock::now();
  if (open_from(socket_, target_.endpoint.protocol(), source)) {
    asio::post(io_, [self = shared_from_this()] { self->finish(Outcome::no_local_port); });
    return;
  }
  expire_at(asked_ + target_.limit);
  socket_.async_connect(target_.endpoint,
                        [self = shared_from_this()](const Error& error) { self->connected(error); });
}

void HttpAttempt::connected(const Error& error) {
  if (finished_) return;
  if (error) return finish(of_connect_error(error));
  await();
  ask();
}

void HttpAttempt::resume() {
  if (finished_ || response_) return;
  asked_ = Clock::now();
  expire_at(asked_ + target_.limit);
  ask();
}

// A failure to write shows in reading, too.
void HttpAttempt::ask() {
  response_.emplace();
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kReadSize);
  head_ = request_head(target_, number_, result_.latencies.size() + 1 == target_.requests);
  sending_ = true;
  const std::array<asio::const_buffer, 2> request{
      asio::buffer(head_), target_.upload ? asio::buffer(*target_.upload) : asio::const_buffer()};
  asio::async_write(socket_, request,
                    [self = shared_from_this()](const Error&, std::size_t) { self->sending_ = false; });
}

void HttpAttempt::await() {
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const Error& error) { self->readable(error); });
}

void HttpAttempt::readable(const Error& failed) {
  if (finished_) return;
  if (failed) return ended(failed);
  Error error;
  if (!response_) {  // held: nothing is asked, so only an end can have come
    char unasked = 0;
    socket_.read_some(asio::buffer(&unasked, 1), error);
    return error ? ended(error) : finish(Outcome::wrong_body);
  }
  const std::size_t bytes = socket_.read_some(asio::buffer(buffer_.get(), kReadSize), error);
  if (error && error != asio::error::would_block) return ended(error);
  if (!error) took(response_->feed({buffer_.get(), bytes}));
  if (!finished_) await();
}

void HttpAttempt::took(Response::State state) {
  if (state == Response::State::malformed) return finish(Outcome::wrong_body);
  if (state == Response::State::complete) answered();
}

// After the last response the client waits for the other side's FIN instead of closing first: so the side
// that keeps TIME_WAIT is the server, and the client's ports are free again at once.
void HttpAttempt::answered() {
  const auto now = Clock::now();
  result_.latencies.push_back(now - asked_);
  outcome_ = verdict();
  if (result_.latencies.size() == target_.requests) {
    whole_ = true;
  } else if (outcome_ != Outcome::served) {
    finish(outcome_);
  } else if (sending_) {
    finish(Outcome::wrong_body);  // an answer before the whole request
  } else if (target_.hold && result_.latencies.size() == 1) {
    hold();
  } else {
    asked_ = now;
    expire_at(asked_ + target_.limit);
    ask();
  }
}

void HttpAttempt::hold() {
  response_.reset();
  buffer_.reset();
  deadline_ = Clock::time_point::max();
  timer_.cancel();
  events_.held();
}

void HttpAttempt::ended(const Error& error) {
  if (whole_) {
    result_.closed = error == asio::error::eof;
    return finish(outcome_);
  }
  if (error != asio::error::eof) return finish(Outcome::reset);
  if (!response_ || response_->close() != Response::State::complete) return finish(Outcome::cut_short);
  result_.latencies.push_back(Clock::now() - asked_);
  outcome_ = verdict();
  const bool more = result_.latencies.size() < target_.requests;
  finish(more && outcome_ == Outcome::served ? Outcome::cut_short : outcome_);
}

void HttpAttempt::expire_at(Clock::time_point deadline) {
  deadline_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (!error) self->expired();
  });
}

void HttpAttempt::expired() {
  if (finished_ || Clock::now() < deadline_) return;  // it had expired, but was set anew
  result_.closed = false;
  finish(whole_ ? outcome_ : Outcome::timed_out);
}

// All answers on a connection come from one server, so they must be the same.
Outcome HttpAttempt::verdict() {
  const unsigned status = response_->status();
  if (status != 200 && !(target_.upload && (status == 201 || status == 204))) return Outcome::bad_status;
  const std::string& body = response_->body();
  if (result_.latencies.size() == 1)
    result_.body = body;
  else if (result_.body != body)
    return Outcome::wrong_body;
  const bool good = target_.expected.empty() || target_.expected.contains(body_label(body));
  return good ? Outcome::served : Outcome::wrong_body;
}

void HttpAttempt::finish(Outcome outcome) {
  if (std::exchange(finished_, true)) return;
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
  result_.outcome = outcome;
  events_.done(result_);
}

}  // namespace steelyard::load
