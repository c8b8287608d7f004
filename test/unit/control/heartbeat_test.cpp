#include "control/heartbeat.h"

#include <array>
#include <optional>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include "control/progress.h"
#include "steelyard_version.h"

using namespace steelyard;
using control::Progress;
using control::status_text;
using Workers = std::vector<unsigned>;
using Turns = std::vector<uint64_t>;

TEST_CASE("A worker stands still once it has made no turn for some beats", "[control]") {
  Progress progress(2);
  CHECK(progress.beat(Turns{1, 10}).empty());
  CHECK(progress.beat(Turns{1, 11}).empty());  // one beat without a turn: it may just not have had its core
  CHECK(progress.standing_still().empty());
  CHECK(progress.beat(Turns{1, 12}) == Workers{0});
  CHECK(progress.standing_still() == Workers{0});
  CHECK(progress.beat(Turns{1, 13}).empty());  // told once
  CHECK(progress.beat(Turns{2, 13}) == Workers{0});
  CHECK(progress.standing_still().empty());
  CHECK(progress.beat(Turns{3, 13}) == Workers{1});
}

TEST_CASE("One turn now and then is progress", "[control]") {
  Progress progress(1);
  for (uint64_t turn = 1; turn < 50; ++turn) {
    CHECK(progress.beat(Turns{turn}).empty());
    CHECK(progress.beat(Turns{turn}).empty());
  }
}

TEST_CASE("A worker that has never made a turn stands still", "[control]") {
  Progress progress(1);
  progress.beat(Turns{0});
  CHECK(progress.beat(Turns{0}) == Workers{0});
}

TEST_CASE("The status is one line", "[control]") {
  CHECK(status_text({2, 4, 3, 1024, {}}, {}) == "2 services, 3 of 4 servers up, 1024 connections");
  CHECK(status_text({1, 1, 0, 1, {"web"}}, {}) == "1 service, 0 of 1 server up, 1 connection; down: web");
  CHECK(status_text({5, 9, 0, 0, {"a", "b", "c", "d", "e"}}, {0, 3}) ==
        "5 services, 0 of 9 servers up, 0 connections; down: a, b, c and 2 more; worker 0 stands still; "
        "worker 3 "
        "stands still");
}

#if STEELYARD_SYSTEMD
namespace {

// What systemd would hear.
class FakeManager {
 public:
  FakeManager() {
    path_ = "/tmp/sy-notify-" + std::to_string(getpid());
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    sockaddr_un address{AF_UNIX, {}};
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(path_.c_str());
    REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    setenv("WATCHDOG_USEC", "40000", 1);
  }
  ~FakeManager() {
    close(fd_);
    unlink(path_.c_str());
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }
  std::vector<std::string> heard() const {
    std::vector<std::string> list;
    std::array<char, 1024> buffer{};
    for (ssize_t n = 0; (n = recv(fd_, buffer.data(), buffer.size(), 0)) > 0;)
      list.emplace_back(buffer.data(), static_cast<std::size_t>(n));
    return list;
  }

 private:
  std::string path_;
  int fd_;
};

}  // namespace

TEST_CASE("The watchdog is fed only while every worker makes progress", "[control]") {
  const FakeManager manager;
  config::Config config;
  config.director.connections = 4096;
  config.ports = {{.name = "inside", .device = ""}};
  const control::Director director(config, std::vector<PortInfo>(1), {});
  std::FILE* file = std::tmpfile();
  Logger log(LogLevel::info, file);
  boost::asio::io_context loop;
  std::array<uint64_t, 2> turns{};
  std::array<bool, 2> stuck{};
  {
    control::Heartbeat heartbeat(
        loop, director, 2, [&](unsigned w) { return stuck[w] ? turns[w] : ++turns[w]; }, log);
    const std::string good = "STATUS=0 services, 0 of 0 servers up, 0 connections";
    CHECK(manager.heard() == std::vector<std::string>{"READY=1", "WATCHDOG=1", good});
    const auto next = [&] {
      REQUIRE(loop.run_one() == 1);  // waits for the next beat
      return manager.heard();
    };
    CHECK(next() == std::vector<std::string>{"WATCHDOG=1"});
    stuck[1] = true;
    CHECK(next() == std::vector<std::string>{"WATCHDOG=1"});
    CHECK(next() == std::vector<std::string>{good + "; worker 1 stands still"});
    CHECK(next().empty());
    stuck[1] = false;
    CHECK(next() == std::vector<std::string>{"WATCHDOG=1", good});
  }
  CHECK(manager.heard() == std::vector<std::string>{"STOPPING=1\nSTATUS=ending"});
  std::rewind(file);
  std::array<char, 200> said{};
  CHECK(std::fread(said.data(), 1, said.size() - 1, file) > 0);
  CHECK(std::string(said.data()) == "warning: worker 1 stands still\ninfo: worker 1 goes on\n");
  std::fclose(file);
}
#endif
