// Ramps and pools of connections against a small server in the same event loop.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "load/pool_generator.h"
#include "load/ramp_generator.h"
#include "load_server.h"

using namespace steelyard::load;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

MakeAttempt attempts(asio::io_context& io, const HttpTarget& target) {
  return [&](uint64_t number, Events events) {
    return std::make_shared<HttpAttempt>(io, target, number, std::move(events));
  };
}

HttpTarget held_target(const Server& server) {
  HttpTarget target = server.target();
  target.requests = 2;
  target.hold = true;
  return target;
}

}  // namespace

TEST_CASE("A ramp opens every connection once, from each source in turn", "[load]") {
  asio::io_context io;
  Server server(io, {kAnswer}, Server::End::close);
  const HttpTarget target = server.target();
  std::vector<uint64_t> after_step;
  RampGenerator generator(attempts(io, target),
                          {asio::ip::make_address("127.0.0.2"), asio::ip::make_address("127.0.0.3")},
                          Ramp(4, 2), [&](const Tally& tally) { after_step.push_back(tally.ended()); });
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
  Server server(io, {kAnswer}, Server::End::close);
  const HttpTarget target = server.target();
  Generator* running = nullptr;
  RampGenerator generator(attempts(io, target), {}, Ramp(10, 1), [&](const Tally& tally) {
    if (tally.ended() == 6) running->stop();
  });
  running = &generator;
  generator.start([&] { io.stop(); });
  io.run();
  CHECK(generator.tally().served() == 6);
}

TEST_CASE("A pool opens all its connections, no more than so many at a time", "[load]") {
  asio::io_context io;
  std::size_t most = 0, under_way = 0, opened = 0;
  struct Instant : Attempt {
    Instant(asio::io_context& loop, std::function<void()> at_end) : io(loop), end(std::move(at_end)) {}
    void start(const asio::ip::address&) override { asio::post(io, end); }
    asio::io_context& io;
    std::function<void()> end;
  };
  PoolGenerator generator(
      [&](uint64_t, Events events) {
        ++opened;
        most = std::max(most, ++under_way);
        return std::make_shared<Instant>(io, [&under_way, events] {
          --under_way;
          events.done({Outcome::served, {1ms}, "", true});
        });
      },
      {}, {100, 7});
  bool finished = false;
  generator.start([&] { finished = true; });
  io.run();
  CHECK(finished);
  CHECK(opened == 100);
  CHECK(most == 7);
  CHECK(generator.tally().served() == 100);
}

TEST_CASE("Held connections are all open at once, and go on when they are let", "[load]") {
  asio::io_context io;
  Server server(io, {kAnswer, kAnswer}, Server::End::close);
  const HttpTarget target = held_target(server);
  PoolGenerator* running = nullptr;
  std::vector<uint64_t> held;
  std::size_t asked = 0;
  PoolGenerator generator(attempts(io, target), {}, {50, 4}, {}, [&](uint64_t number) {
    held.push_back(number);
    asked = server.requests.size();
    running->release();
  });
  running = &generator;
  generator.start([&] { io.stop(); });
  io.run();
  CHECK(held == std::vector<uint64_t>{50});
  CHECK(asked == 50);
  CHECK(generator.held() == 50);
  CHECK(server.requests.size() == 100);
  CHECK(generator.tally().served() == 50);
  CHECK(generator.tally().answers() == 100);
}

TEST_CASE("A connection that dies while it is held is lost, the others go on", "[load]") {
  asio::io_context io;
  Server server(io, {kAnswer}, Server::End::stay_open);
  const HttpTarget target = held_target(server);
  PoolGenerator generator(attempts(io, target), {}, {3, 3}, {}, [&](uint64_t) {
    server.open.front()->close();
    server.open.back()->set_option(asio::socket_base::linger(true, 0));
    server.open.back()->close();
  });
  std::vector<uint64_t> ended;
  generator.start([&] { io.stop(); });
  while (generator.tally().ended() < 2) io.run_one();
  CHECK(generator.tally().count(Outcome::cut_short) == 1);
  CHECK(generator.tally().count(Outcome::reset) == 1);
  CHECK(generator.held() == 3);
}

TEST_CASE("A stopped pool lets the held connections go on and opens no more", "[load]") {
  asio::io_context io;
  Server server(io, {kAnswer, kAnswer}, Server::End::close);
  const HttpTarget target = held_target(server);
  PoolGenerator* running = nullptr;
  PoolGenerator generator(attempts(io, target), {}, {3, 1}, {}, [&](uint64_t) { running->stop(); });
  running = &generator;
  generator.start([&] { io.stop(); });
  io.run();
  CHECK(generator.tally().served() == 3);
}
