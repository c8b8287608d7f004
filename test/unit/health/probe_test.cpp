// The probes against servers on loopback that behave as told.
#include "health/probe.h"

#include <array>
#include <optional>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

using namespace steelyard;
using boost::asio::ip::tcp;
using health::Outcome;
namespace asio = boost::asio;

namespace {

// A server on the same loop: takes one request, sends `answer` and closes if `closes`.
struct World {
  World() {
    acceptor.listen();
    acceptor.async_accept([this](auto error, tcp::socket socket) {
      if (error) return;
      peer.emplace(std::move(socket));
      peer->async_read_some(asio::buffer(request), [this](auto failed, std::size_t n) {
        reset = failed == asio::error::connection_reset;
        if (failed) return;
        received = n;
        asio::async_write(*peer, asio::buffer(answer), [this](auto, std::size_t) {
          if (closes) peer->close();
        });
      });
    });
  }

  Endpoint here() { return {*parse_ipv4("127.0.0.1"), Port::from_host(acceptor.local_endpoint().port())}; }

  health::Result ask(config::HealthCheck how) { return ask(how, here()); }
  health::Result ask(config::HealthCheck how, Endpoint target) {
    std::optional<health::Result> result;
    const health::Surroundings around{loop, [this](Ipv4) { return routed; }};
    const auto probe =
        health::start_probe(around, target, how, [&](health::Result r) { result = std::move(r); });
    CHECK_FALSE(result);  // never from within
    while (!result && loop.run_one() > 0) {
    }
    REQUIRE(result);
    return *result;
  }
  std::string reason(const config::HttpCheck& http, std::string says) {
    answer = std::move(says);
    config::HealthCheck how;
    how.kind = http;
    const health::Result r = ask(how);
    return (r.outcome == Outcome::passed ? "+ " : r.outcome == Outcome::failed ? "- " : "? ") + r.reason;
  }
  std::string asked() const { return {request.data(), received}; }

  asio::io_context loop;
  tcp::acceptor acceptor{loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::optional<tcp::socket> peer;
  std::array<char, 4096> request;
  std::size_t received = 0;
  std::string answer;
  bool closes = true, reset = false, routed = true;
};

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE_METHOD(World, "a TCP check passes by the handshake and leaves nothing behind", "[health]") {
  const health::Result r = ask({});
  CHECK(r.outcome == Outcome::passed);
  CHECK(r.reason == "connected");
  loop.restart();
  while (!reset && loop.run_one() > 0) {
  }
  CHECK(reset);  // not a FIN, which would leave a TIME_WAIT on our side
}

TEST_CASE_METHOD(World, "who refuses says so", "[health]") {
  const Endpoint target = here();
  acceptor.close();
  const health::Result r = ask({}, target);
  CHECK(r.outcome == Outcome::failed);
  CHECK(r.reason == "connection refused");
}

TEST_CASE_METHOD(World, "a server that no port leads to is not asked", "[health]") {
  routed = false;
  const health::Result r = ask({});
  CHECK(r.outcome == Outcome::failed);
  CHECK(r.reason == "no route by any port");
  loop.restart();
  loop.poll();
  CHECK_FALSE(peer);
}

TEST_CASE_METHOD(World, "an HTTP check asks as it is told", "[health]") {
  config::HttpCheck http;
  http.path = "/healthz?x=1";
  CHECK(reason(http, ok("")) == "+ status 200");
  CHECK(asked() == "GET /healthz?x=1 HTTP/1.1\r\nHost: " + to_string(here()) +
                       "\r\nUser-Agent: steelyard\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

TEST_CASE_METHOD(World, "method and host are the operator's", "[health]") {
  config::HttpCheck http;
  http.method = "HEAD";
  http.host = "www.example.org";
  closes = false;
  CHECK(reason(http, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") == "+ status 200");
  CHECK(asked().starts_with("HEAD / HTTP/1.1\r\nHost: www.example.org\r\n"));
}

TEST_CASE("status and body decide", "[health]") {
  struct Row {
    const char *name, *body;
    std::string answer, result;
  };
  const std::string endless = "HTTP/1.1 200 OK\r\n\r\n";
  const std::vector<Row> rows{
      {"another status", "", "HTTP/1.1 503 No\r\n\r\n", "- status 503, expected 200, 204"},
      {"the second status", "", "HTTP/1.0 204 No Content\r\n\r\n", "+ status 204"},
      {"a body", "fine", ok("all is fine here"), "+ status 200, body as expected"},
      {"a body without it", "fine", ok("all is bad"), "- the body lacks \"fine\""},
      {"no body", "fine", ok(""), "- the body lacks \"fine\""},
      {"a body up to the close", "fine", endless + "fine", "+ status 200, body as expected"},
      {"none up to the close", "fine", endless + "fin", "- the body lacks \"fine\""},
      {"across two pieces", "fine", endless + std::string(4094, '.') + "fine",
       "+ status 200, body as expected"},
      {"far behind", "fine", endless + std::string(65536, '.') + std::string(8192, '.') + "fine",
       "- the body lacks \"fine\""},
      {"in chunks", "fine",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
       "+ status 200, body as expected"},
      {"an enormous length", "fine", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nfine",
       "+ status 200, body as expected"},
      {"no answer", "", "", "- connection closed without an answer"},
      {"half a header", "", "HTTP/1.1 200 OK\r\nServer", "- connection closed in the middle of the answer"},
      {"half a body", "fine", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfin",
       "- connection closed in the middle of the answer"},
      {"no HTTP", "", "220 mail.example.org ESMTP\r\n", "- the answer is not HTTP: bad version"},
      {"an endless header", "", "HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x') + "\r\n\r\n",
       "- the answer's header is too long"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    World world;
    config::HttpCheck http;
    http.status = {200, 204};
    http.body = row.body;
    CHECK(world.reason(http, row.answer) == row.result);
  }
}

TEST_CASE_METHOD(World, "who accepts and says nothing is given up, and is not heard any more", "[health]") {
  config::HealthCheck how;
  how.kind = config::HttpCheck{};
  closes = false;
  bool heard = false;
  const health::Surroundings around{loop, [](Ipv4) { return true; }};
  auto probe = health::start_probe(around, here(), how, [&](const health::Result&) { heard = true; });
  while (received == 0 && loop.run_one() > 0) {
  }
  CHECK(probe->give_up() == "answer timed out");
  probe = nullptr;
  loop.restart();
  loop.poll();
  CHECK_FALSE(heard);
}

TEST_CASE_METHOD(World, "who never accepts is given up", "[health]") {
  const health::Surroundings around{loop, [](Ipv4) { return true; }};
  const auto probe = health::start_probe(around, here(), {}, [](const health::Result&) { FAIL(); });
  CHECK(probe->give_up() == "connect timed out");
  loop.restart();
  loop.poll();
}

TEST_CASE_METHOD(World, "kinds have names", "[health]") {
  config::HealthCheck how;
  CHECK(health::kind_of(how) == "tcp");
  how.kind = config::HttpCheck{};
  CHECK(health::kind_of(how) == "http");
}
