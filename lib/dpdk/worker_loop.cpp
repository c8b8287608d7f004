#include "dpdk/worker_loop.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sys/prctl.h>

#include "base/start_error.h"
#include "dpdk/eal.h"

namespace steelyard::dpdk {

MicrosecondClock::MicrosecondClock() noexcept
    : cycles_(std::max<uint64_t>(1, rte_get_tsc_hz() / 1'000'000)) {}

uint32_t MicrosecondClock::now() const noexcept { return static_cast<uint32_t>(rte_rdtsc() / cycles_); }

Naps::Naps(config::Idle idle) noexcept : enabled_(idle == config::Idle::sleep) {
  if (enabled_) prctl(PR_SET_TIMERSLACK, 1'000);  // else a sleep takes 50 us longer than asked for
}

void Naps::sleep() noexcept {
  const timespec wait{0, nanoseconds_};
  nanosleep(&wait, nullptr);
  nanoseconds_ = std::min(kLongest, 2 * nanoseconds_);
}

void WorkerThreads::launch(std::function<void(unsigned)> body) {
  body_ = std::move(body);
  for (unsigned w = 0; w < workers_; ++w)
    if (rte_eal_remote_launch(&WorkerThreads::enter, this, lcore_of(w)) != 0)
      throw StartError(fmt::format("worker {} can't be launched: its core is busy", w));
}

int WorkerThreads::enter(void* self) {
  static_cast<WorkerThreads*>(self)->body_(rte_lcore_id() - lcore_of(0));
  return 0;
}

void WorkerThreads::stop() noexcept {
  control_.stop.store(true, std::memory_order_relaxed);
  for (unsigned w = 0; w < workers_; ++w) rte_eal_wait_lcore(lcore_of(w));
}

}  // namespace steelyard::dpdk
