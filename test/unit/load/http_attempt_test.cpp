// HTTP attempts against a small server on the loopback address, in one thread and one event loop.
#include "load/http_attempt.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "load_server.h"

using namespace steelyard::load;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

Result attempt(asio::io_context& io, const HttpTarget& target, const char* source = "0.0.0.0") {
  std::vector<Result> results;
  Events events;
  events.done = [&](const Result& result) {
    results.push_back(result);
    io.stop();
  };
  events.held = [] { FAIL("held"); };
  std::make_shared<HttpAttempt>(io, target, 7, events)->start(asio::ip::make_address(source));
  CHECK(results.empty());
  io.run();
  REQUIRE(results.size() == 1);
  return results[0];
}

Result ask(const std::string& answer, Server::End end, std::chrono::milliseconds limit = 5000ms,
           const std::set<std::string>& expected = {}) {
  asio::io_context io;
  Server server(io, {answer}, end);
  HttpTarget target = server.target();
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
  REQUIRE(result.latencies.size() == 1);
  CHECK(result.latencies[0] > 0ns);
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
  CHECK(ask(kAnswer.substr(0, 40), End::stay_open, 50ms).outcome == Outcome::timed_out);
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
  Server server(io, {kAnswer}, Server::End::close);
  CHECK(attempt(io, server.target(), "192.0.2.77").outcome == Outcome::no_local_port);
}

TEST_CASE("A connection carries its requests one after the other, and the last one closes", "[load]") {
  asio::io_context io;
  Server server(io, {kAnswer, kAnswer, kAnswer}, Server::End::close);
  HttpTarget target = server.target();
  target.requests = 3;
  target.path = "/page-{n}";
  const Result result = attempt(io, target);
  CHECK(result.outcome == Outcome::served);
  CHECK(result.latencies.size() == 3);
  CHECK(server.peers.size() == 1);
  REQUIRE(server.requests.size() == 3);
  CHECK(server.requests[0].starts_with("GET /page-7 HTTP/1.1\r\n"));
  CHECK(server.requests[1].find("Connection: close") == std::string::npos);
  CHECK(server.requests[2].find("Connection: close") != std::string::npos);
}

TEST_CASE("A connection that ends before its last request, or changes its answer, is not served", "[load]") {
  using End = Server::End;
  const std::string other = kAnswer.substr(0, kAnswer.size() - 1) + "2",
                    bad = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
  auto [answers, end, outcome] = GENERATE_COPY(table<std::vector<std::string>, End, Outcome>({
      {{kAnswer, kAnswer}, End::close, Outcome::cut_short},
      {{kAnswer, kAnswer}, End::reset, Outcome::reset},
      {{kAnswer, other, kAnswer}, End::close, Outcome::wrong_body},
      {{kAnswer, bad, kAnswer}, End::close, Outcome::bad_status},
      {{kAnswer, kAnswer}, End::stay_open, Outcome::timed_out},
  }));
  asio::io_context io;
  Server server(io, answers, end);
  HttpTarget target = server.target();
  target.requests = 3;
  target.limit = 100ms;
  const Outcome got = attempt(io, target).outcome;
  if (end == End::reset)
    CHECK((got == Outcome::reset ||
           got == Outcome::cut_short));  // a request in flight may not see the RST first
  else
    CHECK(got == outcome);
}

TEST_CASE("An upload sends its body, and the server may have created or replaced a file", "[load]") {
  auto [status, outcome] = GENERATE(table<const char*, Outcome>({
      {"200 OK\r\nContent-Length: 0", Outcome::served},
      {"201 Created\r\nContent-Length: 0", Outcome::served},
      {"204 No Content", Outcome::served},
      {"507 Full\r\nContent-Length: 0", Outcome::bad_status},
  }));
  asio::io_context io;
  Server server(io, {std::string("HTTP/1.1 ") + status + "\r\n\r\n"}, Server::End::close);
  HttpTarget target = server.target();
  target.upload = "what is sent";
  CHECK(attempt(io, target).outcome == outcome);
  REQUIRE(server.requests.size() == 1);
  CHECK(server.requests[0].starts_with("PUT / HTTP/1.1\r\n"));
  CHECK(server.requests[0].find("Content-Length: 12\r\n") != std::string::npos);
}
