// The control core's event loop: signals, the millisecond's work, kernel interfaces, netlink. The admin
// server shares its io_context.
#pragma once

#include <atomic>
#include <functional>

#include <boost/asio/io_context.hpp>

#include "base/log.h"
#include "control/director.h"
#include "control/health_checks.h"
#include "control/kernel_path.h"

namespace steelyard::control {

// Runs until SIGTERM or SIGINT, or until `failed` (asked every millisecond) says so. SIGHUP is answered in
// the log. `clock` is what workers are told as the time.
void run(boost::asio::io_context& loop, Director& director, KernelPath& kernel, HealthChecks& health,
         std::atomic<Ticks>& clock, Logger& log, const std::function<bool()>& failed);

// Signals that mean something to other daemons, or a log that nobody reads any more, shall not end a
// director. For the program's start, before there are other threads.
void ignore_stray_signals() noexcept;

// Milliseconds of CLOCK_BOOTTIME.
uint64_t boot_ms() noexcept;

}  // namespace steelyard::control
