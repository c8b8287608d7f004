// Tells the service manager (systemd, by sd_notify) that the director is ready and how it is, and feeds its
// watchdog while every worker makes progress. Where there is no service manager, or the build has no
// libsystemd, it still watches the workers and logs the one that stands still. Control core only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"
#include "control/director.h"
#include "control/progress.h"

namespace steelyard::control {

// "2 services, 3 of 4 servers up, 1024 connections", then what is amiss: "; down: dns; worker 1 stands
// still".
std::string status_text(const Summary& summary, const std::vector<unsigned>& standing_still);

class Heartbeat {
 public:
  // Made once the director is ready: says so at once, and that it stops when destroyed. `turns`: how many a
  // worker has made.
  Heartbeat(boost::asio::io_context& loop, const Director& director, unsigned workers,
            std::function<uint64_t(unsigned worker)> turns, Logger& log);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void beat();
  void wait();
  void watch_workers();

  boost::asio::steady_timer timer_;
  std::chrono::microseconds interval_;
  const Director& director_;
  std::function<uint64_t(unsigned)> turns_of_;
  Logger& log_;
  std::vector<uint64_t> turns_;
  Progress progress_;
  unsigned beats_ = 0;
  std::size_t told_up_ = 0;
};

}  // namespace steelyard::control
