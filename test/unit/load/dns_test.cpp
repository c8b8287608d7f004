#include <memory>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <catch2/catch.hpp>

#include "load/dns_attempt.h"
#include "load/dns_message.h"

using namespace steelyard::load;
using namespace std::chrono_literals;
using namespace std::string_literals;
namespace asio = boost::asio;
using asio::ip::udp;
using State = DnsAnswer::State;

namespace {

// The answer to `query`: its question, a CNAME and a TXT record of two strings.
std::string answer_to(const std::string& query) {
  std::string out = query;
  out[2] = '\x81';
  out[7] = '\x02';
  out += "\xc0\x0c\0\x05\0\x01\0\0\0\0\0\x02\xc0\x0c"s;
  return out + "\xc0\x0c\0\x10\0\x01\0\0\0\0\0\x0a\x06server\x02 1"s;
}

struct Server {
  explicit Server(asio::io_context& io, std::function<std::string(std::string)> reply)
      : socket(io, {asio::ip::address_v4::loopback(), 0}), answer(std::move(reply)) {
    socket.async_receive_from(asio::buffer(buffer), peer, [this](const auto& error, std::size_t bytes) {
      if (error) return;
      question.assign(buffer.data(), bytes);
      socket.send_to(asio::buffer(answer(question)), peer);
    });
  }

  udp::socket socket;
  std::function<std::string(std::string)> answer;
  udp::endpoint peer;
  std::array<char, 512> buffer;
  std::string question;
};

Result ask(std::function<std::string(std::string)> reply, const std::set<std::string>& expected = {}) {
  asio::io_context io;
  Server server(io, std::move(reply));
  const DnsTarget target{server.socket.local_endpoint(), "who.example", 100ms, expected};
  std::vector<Result> results;
  Events events;
  events.done = [&](const Result& result) {
    results.push_back(result);
    io.stop();
  };
  std::make_shared<DnsAttempt>(io, target, 70000, events)->start({});
  io.run();
  REQUIRE(results.size() == 1);
  return results[0];
}

}  // namespace

TEST_CASE("A question is laid out as RFC 1035 says", "[load]") {
  CHECK(dns_query(0x1234, "who.example") ==
        "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03who\x07"s + "example\0\0\x10\0\x01"s);
  CHECK(dns_query(1, "who.example.") == dns_query(1, "who.example"));
  for (const std::string& name : {""s, "."s, "a..b"s, ".a"s, std::string(64, 'a'), std::string(254, 'a')}) {
    CAPTURE(name);
    CHECK_THROWS_AS(dns_query(1, name), std::invalid_argument);
  }
}

TEST_CASE("The first TXT record of an answer is read, its strings joined", "[load]") {
  const DnsAnswer answer = read_dns_answer(answer_to(dns_query(7, "who.example")), 7);
  CHECK(answer.state == State::text);
  CHECK(answer.text == "server 1");
}

TEST_CASE("What is no answer to the question is told apart", "[load]") {
  const std::string query = dns_query(7, "who.example"), good = answer_to(query);
  CHECK(read_dns_answer(good, 8).state == State::other);
  CHECK(read_dns_answer(query, 7).state == State::other);
  CHECK(read_dns_answer("", 7).state == State::other);
  std::string refused = good, none = query;
  refused[3] = '\x05';
  none[2] = '\x81';
  CHECK(read_dns_answer(refused, 7).state == State::failed);
  CHECK(read_dns_answer(none, 7).state == State::malformed);
  for (std::size_t length = 4; length < good.size(); ++length) {
    CAPTURE(length);
    CHECK(read_dns_answer(good.substr(0, length), 7).state == State::malformed);
  }
}

TEST_CASE("A question over UDP is served by the right answer only", "[load]") {
  const Result served = ask(answer_to, {"server 1"});
  CHECK(served.outcome == Outcome::served);
  CHECK(served.body == "server 1");
  CHECK(served.latencies.size() == 1);
  CHECK(ask(answer_to, {"server 2"}).outcome == Outcome::wrong_body);
  CHECK(ask([](const std::string& query) { return query; }).outcome == Outcome::timed_out);
  CHECK(ask([](const std::string& query) {
          return query.substr(0, 2) + "\x81\x83" + query.substr(4);
        }).outcome == Outcome::bad_status);
}

TEST_CASE("A closed UDP port refuses", "[load]") {
  asio::io_context io;
  udp::socket closed(io, {asio::ip::address_v4::loopback(), 0});
  const DnsTarget target{closed.local_endpoint(), "who.example", 5000ms, {}};
  closed.close();
  std::vector<Outcome> outcomes;
  Events events;
  events.done = [&](const Result& result) {
    outcomes.push_back(result.outcome);
    io.stop();
  };
  std::make_shared<DnsAttempt>(io, target, 1, events)->start({});
  io.run();
  CHECK(outcomes == std::vector<Outcome>{Outcome::refused});
}
