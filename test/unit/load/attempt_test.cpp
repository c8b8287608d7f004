// Attempts and ramps against a small server on the loopback address, in one thread and one event loop.
#include "load/attempt.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "load/generator.h"

using namespace steelyard::load;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nserver 1";

// Reads a request, answers with `answer` (nothing: silence) and then closes, with RST if asked for.
struct Server {
  enum class End { close, reset, stay_open };

  Server(asio::io_context& io, std::string text, End last)
      : acceptor(io, {asio::ip::address_v4::loopback(), 0}), answer(std::move(text)), end(last) {
    accept();
  }

  void accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      peers.push_back(socket.remote_endpoint().address().to_string());
      serve(std::make_shared<tcp::socket>(std::move(socket)));
      accept();
    });
  }

  void serve(std::shared_ptr<tcp::socket> socket) {
    auto buffer = std::make_shared<std::string>(1000, '\0');
    socket->async_read_some(asio::buffer(*buffer), [this, socket, buffer](const auto&, std::size_t bytes) {
      requests.push_back(buffer->substr(0, bytes));
      asio::async_write(*socket, asio::buffer(answer), [this, socket](const auto&, std::size_t) {
        if (end == End::stay_open) open.push_back(socket);
        if (end != End::reset) return;
        socket->set_option(asio::socket_base::linger(true, 0));
        socket->close();  // the destructor would undo the option
      });
    });
  }

  tcp::acceptor acceptor;
  std::string answer;
  End end;
  std::vector<std::string> requests, peers;
  std::vector<std::shared_ptr<tcp::socket>> open;
};

Target target_of(const tcp::endpoint& endpoint) {
  return {endpoint, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 5000ms, {}};
}

Result attempt(asio::io_context& io, const Target& target) {
  std::vector<Result> results;
  std::make_shared<Attempt>(io, target, [&](const Result& result) {
    results.push_back(result);
    io.stop();
  })->start({});
  CHECK(results.empty());
  io.run();
  REQUIRE(results.size() == 1);
  return results[0];
}

Result ask(const std::string& answer, Server::End end, std::chrono::milliseconds limit = 5000ms,
           const std::set<std::string>& expected = {}) {
  asio::io_context io;
  Server server(io, answer, end);
  Target target = target_of(server.acceptor.local_endpoint());
  target.limit = limit;
  target.expected = expected;
  return attempt(io, target);
}

}  // namespace

TEST_CASE("A whole 200 response is served", "[load]") {
  const Result result = ask(kAnswer, Server::End::close);
  CHECK(result.outcome == Outcome::served);
  CHECK(result.body == "server 1");
  CHECK(result.closed);
  CHECK(result.latency > 0ns);
}

TEST_CASE("A response is served though the server does not close, but that is told", "[load]") {
  const Result result = ask(kAnswer, Server::End::stay_open, 50ms);
  CHECK(result.outcome == Outcome::served);
  CHECK_FALSE(result.closed);
}

TEST_CASE("A response is served though a reset follows it, but that is told", "[load]") {
  const Result result = ask(kAnswer, Server::End::reset);
  CHECK(result.outcome == Outcome::served);
  CHECK_FALSE(result.closed);
}

TEST_CASE("What is lost is counted by how it was lost", "[load]") {
  using End = Server::End;
  CHECK(ask("", End::close).outcome == Outcome::cut_short);
  CHECK(ask(kAnswer.substr(0, kAnswer.size() - 1), End::close).outcome == Outcome::cut_short);
  CHECK(ask("", End::reset).outcome == Outcome::reset);
  CHECK(ask(kAnswer.substr(0, 20), End::reset).outcome == Outcome::reset);
  CHECK(ask("", End::stay_open, 50ms).outcome == Outcome::timed_out);
  CHECK(ask(kAnswer.substr(0, 60), End::stay_open, 50ms).outcome == Outcome::timed_out);
  CHECK(ask(kAnswer + "more", End::close).outcome == Outcome::wrong_body);
  CHECK(ask("nothing of HTTP\r\n\r\n", End::close).outcome == Outcome::wrong_body);
  CHECK(ask("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", End::close).outcome == Outcome::bad_status);
}

TEST_CASE("With expected bodies another body is wrong", "[load]") {
  CHECK(ask(kAnswer, Server::End::close, 5000ms, {"server 1", "server 2"}).outcome == Outcome::served);
  CHECK(ask(kAnswer, Server::End::close, 5000ms, {"server 2"}).outcome == Outcome::wrong_body);
}

TEST_CASE("A closed port refuses", "[load]") {
  asio::io_context io;
  tcp::acceptor bound(io, tcp::v4());
  bound.bind({asio::ip::address_v4::loopback(), 0});  // taken, but nobody listens
  CHECK(attempt(io, target_of(bound.local_endpoint())).outcome == Outcome::refused);
}

TEST_CASE("A source address that is not ours is the client's own fault", "[load]") {
  asio::io_context io;
  Server server(io, kAnswer, Server::End::close);
  const Target target = target_of(server.acceptor.local_endpoint());
  std::vector<Outcome> outcomes;
  std::make_shared<Attempt>(io, target, [&](const Result& result) {
    outcomes.push_back(result.outcome);
    io.stop();
  })->start(asio::ip::make_address("192.0.2.77"));
  io.run();
  CHECK(outcomes == std::vector<Outcome>{Outcome::no_local_port});
}

TEST_CASE("A ramp opens every connection once, from each source in turn", "[load]") {
  asio::io_context io;
  Server server(io, kAnswer, Server::End::close);
  const Target target = target_of(server.acceptor.local_endpoint());
  std::vector<uint64_t> after_step;
  Generator generator(io, target, {asio::ip::make_address("127.0.0.2"), asio::ip::make_address("127.0.0.3")},
                      Ramp(4, 2),
                      [&](const Step&, const Tally& tally) { after_step.push_back(tally.ended()); });
  generator.start([&] { io.stop(); });
  io.run();
  CHECK(generator.tally().served() == 20);
  CHECK(server.requests.size() == 20);
  CHECK(std::count(server.peers.begin(), server.peers.end(), "127.0.0.2") == 10);
  CHECK(after_step == std::vector<uint64_t>{1, 3, 6, 10, 11, 13, 16, 20});
  CHECK(generator.elapsed() > 0ns);
}

TEST_CASE("A stopped ramp ends with the step under way", "[load]") {
  asio::io_context io;
  Server server(io, kAnswer, Server::End::close);
  const Target target = target_of(server.acceptor.local_endpoint());
  Generator* running = nullptr;
  Generator generator(io, target, {}, Ramp(10, 1), [&](const Step& step, const Tally&) {
    if (step.users == 3) running->stop();
  });
  running = &generator;
  generator.start([&] { io.stop(); });
  io.run();
  CHECK(generator.tally().served() == 6);
}
