// An admin server on a socket of its own, on a thread of its own.
#pragma once

#include <filesystem>
#include <stdlib.h>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "admin/server.h"

namespace steelyard::test {

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

struct RunningServer {
  explicit RunningServer(admin::Routes routes) : server(loop, claim, std::move(routes)) {}
  std::string socket() const { return directory.socket(); }

  Directory directory;
  admin::SocketClaim claim{directory.socket()};
  boost::asio::io_context loop;
  admin::Server server;
  RunningLoop running{loop};
};

}  // namespace steelyard::test
