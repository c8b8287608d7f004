#include "datapath/contestant.h"

#include <array>
#include <ctime>

#include <rte_cycles.h>

namespace steelyard::bench {
namespace {

uint64_t cpu_now() noexcept {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

constexpr std::array kKinds{
    ContestantKind{"source", "packets made and freed: the harness itself", true, make_source},
    ContestantKind{"macswap", "MAC addresses exchanged and sent back: the limit", true, make_macswap},
    ContestantKind{"nat", "established connections through the worker, both directions", true, make_nat},
    ContestantKind{"miss", "packets to the service that belong to no connection", false, make_miss},
    ContestantKind{"connect", "every packet opens a connection, into an empty table", false, make_connect},
    ContestantKind{"churn", "short HTTP-like connections, eight packets each", false, make_churn},
};

}  // namespace

Round& Round::operator+=(const Round& other) noexcept {
  packets += other.packets;
  cpu_ns += other.cpu_ns;
  tsc_ns += other.tsc_ns;
  return *this;
}

Stopwatch::Stopwatch() noexcept : cpu_(cpu_now()), tsc_(rte_rdtsc_precise()) {}

Round Stopwatch::stop(uint64_t packets) const noexcept {
  const uint64_t tsc = rte_rdtsc_precise() - tsc_;
  return {packets, static_cast<double>(cpu_now() - cpu_),
          static_cast<double>(tsc) * 1e9 / static_cast<double>(rte_get_tsc_hz())};
}

Established& Arena::established() {
  if (!established_)
    established_ = setting_.captures == nullptr ? establish_made_up(setting_, buffers_)
                                                : establish_captures(setting_, buffers_);
  return *established_;
}

std::span<const ContestantKind> contestants() noexcept { return kKinds; }

}  // namespace steelyard::bench
