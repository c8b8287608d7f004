#include "admin/server.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <grp.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "admin/client.h"
#include "base/start_error.h"
#include "socket.h"

using namespace steelyard;
using namespace steelyard::test;
namespace json = boost::json;
using admin::Method;
using admin::Request;

namespace {

constexpr unsigned kHangTenths = 600;

template <class Condition>
bool comes_true(Condition condition) {
  for (unsigned i = 0; i < kHangTenths && !condition(); ++i) usleep(100'000);
  return condition();
}

admin::Routes routes() {
  return {{Method::get,
           "/v1/drops",
           [](const Request&) {
             return json::value{{"truncated", 3}};
           },
           {}},
          {Method::get,
           "/v1/connections",
           [](const Request& r) {
             if (r.get("state") == "odd") throw admin::Refusal(400, "odd is no state");
             return json::value{{"client", r.get("client")}, {"limit", r.get("limit")}};
           },
           {"client", "limit", "state"}},
          {Method::post, "/v1/services/*/zero", [](const Request& r) { return json::value(r.name); }, {}}};
}

std::string text(const json::value& v) { return json::serialize(v); }

// Lines without end, of a size, or none at all; tells what became of it.
struct Life {
  std::atomic<uint64_t> asked{0}, appended{0};
  std::atomic<bool> gone{false};
};
class Numbers final : public admin::Stream {
 public:
  Numbers(Life& life, uint64_t count, std::size_t padding, bool slowly)
      : life_(life), left_(count), padding_(padding), slowly_(slowly) {}
  ~Numbers() override { life_.gone = true; }
  Next next(std::string& out) override {
    ++life_.asked;
    if (left_ == 0) return Next::end;
    // Every other time nothing, with both ways of saying so.
    if (life_.asked % 2 == 0) return slowly_ ? Next::wait : Next::more;
    out += fmt::format("{:>{}}\n", left_--, padding_);
    life_.appended += padding_ + 1;
    return slowly_ ? Next::wait : Next::more;
  }
  std::string_view type() const override { return "text/plain"; }

 private:
  Life& life_;
  uint64_t left_;
  std::size_t padding_;
  bool slowly_;
};

admin::Routes numbers(Life& life, uint64_t count, std::size_t padding, bool slowly = false) {
  return {{Method::get,
           "/v1/numbers",
           [&life, count, padding, slowly](const Request&) {
             return std::make_unique<Numbers>(life, count, padding, slowly);
           },
           {}}};
}

constexpr uint64_t kEndless = ~uint64_t{0};

}  // namespace

TEST_CASE("a path is answered with its JSON and what is wrong with others is told", "[admin]") {
  RunningServer server(routes());
  const std::string socket = server.socket();
  CHECK(text(admin::get(socket, "/v1/drops")) == R"({"truncated":3})");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/nothing"), "no such path: /v1/nothing");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/drops/more"), "no such path: /v1/drops/more");
  CHECK_THROWS_WITH(admin::get(socket, "/v1"), "no such path: /v1");
  CHECK_THROWS_WITH(admin::post(socket, "/v1/drops"), "/v1/drops answers GET only");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/services/web/zero"), "/v1/services/web/zero answers POST only");
  CHECK_THROWS_WITH(admin::get(server.directory.path + "/none", "/v1/drops"),
                    Catch::StartsWith("no director answers on"));
  CHECK(text(admin::post(socket, "/v1/services/web/zero")) == R"("web")");
  CHECK(text(admin::post(socket, admin::target("/v1/services/a b%/zero", {}))) == R"("a b%")");
}

TEST_CASE("query parameters are decoded, unknown and repeated ones refused", "[admin]") {
  RunningServer server(routes());
  const std::string socket = server.socket();
  CHECK(text(admin::get(socket, "/v1/connections")) == R"({"client":"","limit":""})");
  CHECK(text(admin::get(socket, admin::target("/v1/connections", {{"client", "10.0.0.1:80&limit=7 %"}}))) ==
        R"({"client":"10.0.0.1:80&limit=7 %","limit":""})");
  CHECK(text(admin::get(socket, "/v1/connections?limit=5&client=10.0.0.0%2f8")) ==
        R"({"client":"10.0.0.0/8","limit":"5"})");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/connections?clint=1"),
                    "unknown parameter clint; /v1/connections takes client, limit, state");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/drops?x=1"), "unknown parameter x; /v1/drops takes none");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/connections?limit=1&limit=2"),
                    "the parameter limit is given twice");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/connections?state=odd"), "odd is no state");
  CHECK_THROWS_WITH(admin::get(socket, "/v1/connections?state=%zz"), Catch::StartsWith("not a path"));
}

TEST_CASE("a streamed answer comes whole, in pieces", "[admin]") {
  const bool slowly = GENERATE(false, true);
  Life life;
  RunningServer server(numbers(life, 500, 1000, slowly));
  std::string got;
  CHECK(admin::stream(server.socket(), "/v1/numbers", [&](std::string_view bytes) {
          got += bytes;
          return true;
        }) == admin::Ended::complete);
  std::string wanted;
  for (int i = 500; i > 0; --i) wanted += fmt::format("{:>1000}\n", i);
  CHECK(got == wanted);
  CHECK(comes_true([&] { return life.gone.load(); }));
}

TEST_CASE("a streamed answer waits for a slow reader and goes with its client", "[admin]") {
  Life life;
  RunningServer server(numbers(life, kEndless, 60'000));
  boost::asio::io_context loop;
  boost::asio::local::stream_protocol::socket client(loop);
  client.connect(boost::asio::local::stream_protocol::endpoint(server.socket()));
  boost::asio::write(client, boost::asio::buffer(std::string("GET /v1/numbers HTTP/1.1\r\nHost: s\r\n\r\n")));
  // Nobody reads: the stream is asked until the socket's buffer is full, and then no more.
  uint64_t before = 1;
  CHECK(comes_true(
      [&] { return std::exchange(before, life.asked.load()) == life.asked.load() && before > 1; }));
  CHECK(life.appended < 10'000'000);
  CHECK_FALSE(life.gone);
  client.close();
  CHECK(comes_true([&] { return life.gone.load(); }));
}

TEST_CASE("a stream with nothing to say ends when its client goes", "[admin]") {
  Life life;
  admin::Routes silent{{Method::get,
                        "/v1/silence",
                        [&life](const Request&) {
                          struct Silence final : admin::Stream {
                            explicit Silence(Life& l) : life(l) {}
                            ~Silence() override { life.gone = true; }
                            Next next(std::string&) override {
                              ++life.asked;
                              return Next::wait;
                            }
                            Life& life;
                          };
                          return std::make_unique<Silence>(life);
                        },
                        {}}};
  RunningServer server(std::move(silent));
  boost::asio::io_context loop;
  boost::asio::local::stream_protocol::socket client(loop);
  client.connect(boost::asio::local::stream_protocol::endpoint(server.socket()));
  boost::asio::write(client, boost::asio::buffer(std::string("GET /v1/silence HTTP/1.1\r\nHost: s\r\n\r\n")));
  CHECK(comes_true([&] { return life.asked > 3; }));
  CHECK_FALSE(life.gone);
  client.close();
  CHECK(comes_true([&] { return life.gone.load(); }));
}

TEST_CASE("a client may stop a stream, by itself or by a signal", "[admin]") {
  Life life;
  RunningServer server(numbers(life, kEndless, 100));
  const bool by_signal = GENERATE(false, true);
  int pieces = 0;
  CHECK(admin::stream(server.socket(), "/v1/numbers", [&](std::string_view) {
          if (++pieces == 3 && by_signal) std::raise(SIGINT);
          return by_signal || pieces < 3;
        }) == admin::Ended::stopped);
  CHECK(pieces >= 3);
  CHECK(comes_true([&] { return life.gone.load(); }));
}

TEST_CASE("an answer that breaks off is told", "[admin]") {
  struct Fault final : admin::Stream {
    Next next(std::string& out) override {
      if (said) throw std::runtime_error("fault");
      said = true;
      out += "half an ans";
      return Next::more;
    }
    bool said = false;
  };
  RunningServer server(
      {{Method::get, "/v1/fault", [](const Request&) { return std::make_unique<Fault>(); }, {}},
       {Method::get,
        "/v1/throw",
        [](const Request&) -> admin::Answer { throw std::runtime_error("no"); },
        {}}});
  CHECK_THROWS_WITH(admin::get(server.socket(), "/v1/fault"), Catch::Contains("broke off"));
  CHECK_THROWS_WITH(admin::get(server.socket(), "/v1/throw"), "no");
}

TEST_CASE("the socket is for its owner and its group, and goes with the server", "[admin]") {
  Directory dir;
  boost::asio::io_context loop;
  const group* own = getgrgid(getegid());
  REQUIRE(own != nullptr);
  // Another group where we may give the socket to one.
  const bool root = geteuid() == 0;
  const admin::SocketClaim claim(dir.socket(), root ? "daemon" : own->gr_name);
  {
    admin::Server server(loop, claim, routes());
    struct stat status {};
    REQUIRE(stat(dir.socket().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0660);
    CHECK(status.st_gid == (root ? getgrnam("daemon")->gr_gid : getegid()));
    CHECK_THROWS_AS(admin::Server(loop, claim, routes()), StartError);
    CHECK(std::filesystem::exists(dir.socket()));
  }
  CHECK_FALSE(std::filesystem::exists(dir.socket()));
}
