#include <filesystem>
#include <thread>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "admin/client.h"
#include "admin/server.h"
#include "admin/tables.h"
#include "base/start_error.h"

using namespace steelyard;
namespace json = boost::json;

namespace {

struct Directory {
  std::string path = (std::filesystem::temp_directory_path() / "sy-admin-XXXXXX").string();
  Directory() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string socket() const { return path + "/run/s.sock"; }
};

struct RunningLoop {
  explicit RunningLoop(boost::asio::io_context& l) : loop(l), thread([this] { loop.run(); }) {}
  ~RunningLoop() {
    loop.stop();
    thread.join();
  }
  boost::asio::io_context& loop;
  std::thread thread;
};

admin::Routes routes() {
  return {{"/v1/drops", [] { return json::value{{"truncated", 3}, {"fragment", 0}}; }}};
}

}  // namespace

TEST_CASE("the admin socket answers a path with its JSON and says what is wrong with others", "[admin]") {
  Directory dir;
  boost::asio::io_context loop;
  admin::Server server(loop, dir.socket(), routes());
  RunningLoop running(loop);
  CHECK(json::serialize(admin::get(dir.socket(), "/v1/drops")) == R"({"truncated":3,"fragment":0})");
  CHECK_THROWS_WITH(admin::get(dir.socket(), "/v1/nothing"), "no such path: /v1/nothing");
  CHECK_THROWS_AS(admin::get(dir.path + "/none", "/v1/drops"), admin::ClientError);
}

TEST_CASE("a socket in use is refused, a stale one replaced, and ours removed at the end", "[admin]") {
  Directory dir;
  boost::asio::io_context loop;
  {
    admin::Server server(loop, dir.socket(), routes());
    CHECK_THROWS_WITH(admin::Server(loop, dir.socket(), routes()),
                      Catch::Contains("another director answers there"));
  }
  CHECK_FALSE(std::filesystem::exists(dir.socket()));
  {
    boost::asio::local::stream_protocol::acceptor stale(loop);
    stale.open();
    stale.bind(boost::asio::local::stream_protocol::endpoint(dir.socket()));
  }
  CHECK(std::filesystem::exists(dir.socket()));
  CHECK_NOTHROW(admin::Server(loop, dir.socket(), routes()));
  CHECK_THROWS_AS(admin::Server(loop, std::string(200, 'x'), routes()), StartError);
  CHECK_THROWS_AS(admin::Server(loop, "/proc/nowhere/s.sock", routes()), StartError);
}

TEST_CASE("tables are aligned and name what is not zero", "[admin]") {
  const json::value services =
      json::parse(R"([{"name":"web","address":"203.0.113.10","port":80,"protocol":"tcp",
    "scheduler":"wrr","connections":12,"active":3,"inactive":9,"packets_in":100,"packets_out":90,"bytes_in":5000,
    "bytes_out":123456,"servers":[{},{}]}])");
  CHECK(admin::services_table(services) ==
        "SERVICE  ADDRESS          PROTOCOL  SCHEDULER  SERVERS  CONNECTIONS  ACTIVE  INACTIVE  PACKETS IN  "
        "PACKETS OUT"
        "  BYTES IN  BYTES OUT\n"
        "web      203.0.113.10:80  tcp       wrr              2           12       3         9         100   "
        "        90"
        "      5000     123456\n");
  CHECK(admin::drops_table(json::parse(R"({"truncated":0})")) == "no packet was dropped\n");
  CHECK(admin::drops_table(json::parse(R"({"truncated":7})")) ==
        "REASON     PACKETS  MEANING\n"
        "truncated        7  the frame ends before the headers or the length that they announce\n");
  CHECK(admin::services_table(json::array{}).substr(0, 7) == "SERVICE");
}
