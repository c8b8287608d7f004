// The EAL: DPDK's environment, once per process. Made by the thread that becomes the control core (it is
// pinned to that core); the workers' threads exist from then on and wait.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"

namespace steelyard::dpdk {

// The EAL's command line for a configuration, a pure function. Lcore 0 is the control core, lcore 1 + w
// worker w: ids of our own, so that cores may have any number and a sleeping worker may share one. Unless
// `eal:` says otherwise: no shared files, what files there are named after the instance, no telemetry, only
// warnings logged, PCI devices only those of ports, and with --no-huge kNoHugeMegabytes.
std::vector<std::string> eal_arguments(const config::Config& config);

// Throws StartError if a core of the configuration is none that this process may use.
void check_cores(const config::Director& director);

// With --no-huge and no `-m`: the EAL's memory in MB.
inline constexpr unsigned kNoHugeMegabytes = 512;

class Eal {
 public:
  // Throws StartError.
  explicit Eal(const config::Config& config);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

 private:
  struct Arguments;  // the EAL keeps pointers to them
  std::unique_ptr<Arguments> arguments_;
};

// Cycles of the time-stamp counter in a second, once the EAL runs.
uint64_t cycles_per_second() noexcept;

// The lcore of a worker.
constexpr unsigned lcore_of(unsigned worker) noexcept { return 1 + worker; }

}  // namespace steelyard::dpdk
