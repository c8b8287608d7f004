// Health checks and their consequences: what they find goes to the director, into the log, and to the kernel,
// which looks for the neighbour anew when a check fails. Control core only.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>

#include "base/log.h"
#include "config/config.h"
#include "control/director.h"
#include "health/checker.h"
#include "health/probe.h"

namespace steelyard::control {

class HealthChecks {
 public:
  // `doubt`: is told the address of a server whose check failed. `start` asks a server (health::start_probe).
  HealthChecks(const config::Config& config, Director& director, health::Checker::StartProbe start,
               std::function<void(Ipv4)> doubt, uint32_t seed, Logger& log);

  // Once a millisecond or so; milliseconds of the boot clock.
  void tick(std::chrono::milliseconds now);

  std::span<const health::Check> checks() const noexcept { return checker_.checks(); }
  std::chrono::milliseconds now() const noexcept { return now_; }  // of the last tick()

 private:
  void hear(const health::Check& check, bool changed);
  void tell(const health::Check& check);
  void tell(const std::string& service, Availability now);
  void tell_unknown(const health::Check& check);

  Director& director_;
  Logger& log_;
  std::function<void(Ipv4)> doubt_;
  std::chrono::milliseconds now_{};
  std::optional<std::chrono::milliseconds> told_unknown_;
  health::Checker checker_;
};

}  // namespace steelyard::control
