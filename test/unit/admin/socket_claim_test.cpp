#include "admin/socket_claim.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <catch2/catch.hpp>

#include "base/start_error.h"

using namespace steelyard;
using admin::SocketClaim;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;
namespace local = boost::asio::local;

struct Fixture {
  Fixture() { REQUIRE(mkdtemp(directory.data()) != nullptr); }
  ~Fixture() { fs::remove_all(directory); }
  void refused(const std::string& why) const { CHECK_THROWS_WITH(SocketClaim(path()), Contains(why)); }
  bool free() const { return !fs::exists(path()) && !fs::exists(path() + ".lock"); }
  std::string path() const { return directory + "/run/s.sock"; }

  std::string directory = (fs::temp_directory_path() / "sy-claim-XXXXXX").string();
  boost::asio::io_context loop;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a second director on one socket is refused, with the first one's process id",
                 "[admin]") {
  {
    const SocketClaim first(path());
    refused("another director has it (process " + std::to_string(getpid()) + ")");
    refused("instance");
    CHECK(fs::exists(path() + ".lock"));
  }
  CHECK(free());
  const SocketClaim again(path());
}

TEST_CASE_METHOD(Fixture, "a lock's file that a killed director left is taken over", "[admin]") {
  fs::create_directories(directory + "/run");
  std::ofstream(path() + ".lock") << "1";
  { const SocketClaim claim(path()); }
  CHECK(free());
}

TEST_CASE_METHOD(Fixture, "a socket that nobody listens on is removed, one in use is left alone", "[admin]") {
  fs::create_directories(directory + "/run");
  std::optional<local::stream_protocol::acceptor> listener(std::in_place, loop,
                                                           local::stream_protocol::endpoint(path()));
  refused("another program uses this socket");
  CHECK(fs::exists(path()));
  CHECK_FALSE(fs::exists(path() + ".lock"));
  listener.reset();
  { const SocketClaim claim(path()); }
  CHECK(free());
}

TEST_CASE_METHOD(Fixture, "a listener too busy to accept does not hold up the start", "[admin]") {
  fs::create_directories(directory + "/run");
  const local::stream_protocol::endpoint at(path());
  local::stream_protocol::acceptor listener(loop, at.protocol());
  listener.bind(at);
  listener.listen(0);
  local::stream_protocol::socket waiting(loop);
  waiting.connect(at);  // the queue is full now
  refused("another program uses this socket");
}

TEST_CASE_METHOD(Fixture, "a socket of another kind, and what is no socket, are left alone", "[admin]") {
  fs::create_directories(directory + "/run");
  {
    const local::datagram_protocol::socket socket(loop, local::datagram_protocol::endpoint(path()));
    refused("another program uses this socket");
  }
  fs::remove(path());
  std::ofstream(path()) << "text";
  refused("no socket");
  CHECK(fs::file_size(path()) == 4);
}

TEST_CASE_METHOD(Fixture, "a path that can't be is told", "[admin]") {
  CHECK_THROWS_WITH(SocketClaim(std::string(200, 'x')), Contains("too long"));
  std::ofstream(directory + "/file") << "";
  CHECK_THROWS_WITH(SocketClaim(directory + "/file/s.sock"), Contains("name another path"));
  CHECK_THROWS_AS(SocketClaim("/proc/none/s.sock"), StartError);
}

TEST_CASE_METHOD(Fixture, "a group that does not exist is told", "[admin]") {
  CHECK_THROWS_WITH(
      SocketClaim(path(), "no-such-group"),
      "admin_group no-such-group: there is no such group; make it with `groupadd no-such-group` or "
      "leave admin_group out");
  CHECK_FALSE(fs::exists(directory + "/run"));
  CHECK(SocketClaim(path(), "root").group() == gid_t{0});
  CHECK_FALSE(SocketClaim(path()).group());
}
