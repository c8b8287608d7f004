// steelyard: the daemon. Reads the configuration, opens the ports, starts the workers and runs the control
// core.
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <sys/random.h>

#include "admin/routes.h"
#include "admin/server.h"
#include "admin/socket_claim.h"
#include "base/start_error.h"
#include "config/config.h"
#include "config/options.h"
#include "conn/memory.h"
#include "control/captured_wires.h"
#include "control/director.h"
#include "control/health_checks.h"
#include "control/heartbeat.h"
#include "control/kernel_path.h"
#include "control/loop.h"
#include "control/port_views.h"
#include "control/ring_wires.h"
#include "dpdk/eal.h"
#include "dpdk/ports.h"
#include "dpdk/queue_io.h"
#include "dpdk/start_checks.h"
#include "dpdk/worker_loop.h"
#include "kernel/tap.h"
#include "pipeline/worker.h"
#include "steelyard_version.h"

using namespace steelyard;
using config::Options;

namespace {

std::array<uint64_t, 2> random_seed() {
  std::array<uint64_t, 2> seed;
  if (getrandom(seed.data(), sizeof(seed), 0) != static_cast<ssize_t>(sizeof(seed)))
    throw StartError(fmt::format("no random numbers from the kernel: {}", std::strerror(errno)));
  return seed;
}

// A worker and what belongs to it alone.
struct WorkerParts {
  WorkerParts(unsigned id, const dpdk::Ports& ports, dpdk::ControlIo& control_io, control::Director& director)
      : io(ports, control_io, id),
        worker(id, io, director.shared(), director.counters(id), director.limits()) {}
  dpdk::QueueIo io;
  Worker<dpdk::QueueIo> worker;
  dpdk::LoopProgress progress;
};

void run(const config::Config& config, Logger& log) {
  const auto workers = static_cast<unsigned>(config.director.worker_cores.size());
  // What is wrong should show before anything is made.
  const admin::SocketClaim claim(config.director.admin_socket, config.director.admin_group);
  dpdk::check_start(config, conn::Memory::bytes_for(config.director.connections));
  for (const config::Port& port : config.ports) kernel::check_tap(port.interface);

  const dpdk::Eal eal(config);
  dpdk::Ports ports(config, workers);
  dpdk::ControlIo control_io(workers, ports.pools());
  control::Director director(
      config, ports.infos(),
      {workers, random_seed(), dpdk::uses_huge_pages(config.director), true, dpdk::cycles_per_second()});

  std::vector<std::unique_ptr<WorkerParts>> parts;
  for (unsigned id = 0; id < workers; ++id)
    parts.push_back(std::make_unique<WorkerParts>(id, ports, control_io, director));
  const control::MomentClock clock = [us = dpdk::MicrosecondClock()] {
    return control::Moment{us.now(), control::wall_clock()};
  };
  control::RingWires rings(control_io, ports);
  control::CapturedWires wires(rings, director, clock);
  control::KernelPath kernel(config, ports.infos(), director, wires, log);
  boost::asio::io_context loop;
  const health::Surroundings around{loop, [&kernel](Ipv4 a) { return kernel.routed(a); }};
  control::HealthChecks health(
      config, director,
      [&around](Endpoint target, const config::HealthCheck& how, health::Done done) {
        return health::start_probe(around, target, how, std::move(done));
      },
      [&kernel](Ipv4 a) { kernel.probe(a); }, static_cast<uint32_t>(random_seed()[0]), log);
  const auto port_views = [&] {
    std::vector<const dpdk::QueueIo*> queues;
    for (const auto& own : parts) queues.push_back(&own->io);
    return control::port_views(ports, queues, kernel);
  };
  const admin::Server admin(loop, claim, admin::routes({director, health, clock, port_views}));

  dpdk::LoopControl control;
  control.ticks = director.tick(control::boot_ms());
  dpdk::WorkerThreads threads(workers, control);
  ports.start();
  threads.launch([&](unsigned id) {
    WorkerParts& own = *parts[id];
    dpdk::run_worker(own.worker, own.io, id, director.grace(), config.director.idle, control, own.progress,
                     director.counters(id));
  });
  for (const std::string& line : ports.descriptions()) log.info("{}", line);
  kernel.announce();
  log.info("ready: {} services, {} workers, {} connections at most in {} MB", config.services.size(), workers,
           director.table().capacity(), director.table().memory_bytes() >> 20);

  {
    control::Heartbeat heartbeat(
        loop, director, workers,
        [&parts](unsigned id) { return parts[id]->progress.turns.load(std::memory_order_relaxed); }, log);
    control::run(loop, director, kernel, health, control.ticks, log, [] { return false; });
  }
  threads.stop();
  kernel.from_workers(
      std::chrono::milliseconds(control::boot_ms()));  // what had been handed up before the end
  log.info("ended");
}

int start(const Options& options) {
  control::ignore_stray_signals();
  Logger log(options.log_level);
  std::vector<config::Message> warnings;
  try {
    const config::Config config = config::load(options.config, warnings);
    for (const config::Message& m : warnings) log.warning("{}", m.format());
    log.info("steelyard " STEELYARD_VERSION ", {}", options.config);
    run(config, log);
  } catch (const config::Error& e) {
    for (const config::Message& m : warnings) log.warning("{}", m.format());
    for (const config::Message& m : e.messages()) log.error("{}", m.format());
    return config::kBadConfiguration;
  } catch (const std::exception& e) {
    log.error("{}", e.what());
    return config::kStartUpFailed;
  }
  return config::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = config::parse(argc, argv);
    switch (options.mode) {
      case Options::Mode::help:
        fmt::print("{}", config::help_text());
        return config::kOk;
      case Options::Mode::version:
        fmt::print("{}\n", config::version_text());
        return config::kOk;
      case Options::Mode::check:
        return config::check(options, stdout, stderr);
      case Options::Mode::run:
        return start(options);
    }
  } catch (const config::UsageError& e) {
    fmt::print(stderr, "steelyard: {}; see steelyard --help\n", e.what());
  }
  return config::kBadUsage;
}
