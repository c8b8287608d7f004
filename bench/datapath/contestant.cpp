#include "datapath/contestant.h"

#include <array>
#include <ctime>

#include <rte_cycles.h>

namespace steelyard::bench {
namespace {

constexpr std::size_t kMostTraffic = 1 << 24;  // packets, 400 MB of them

uint64_t cpu_now() noexcept {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

constexpr std::array kKinds{
    ContestantKind{"source", "packets made and freed: the harness itself", make_source},
    ContestantKind{"macswap", "MAC addresses exchanged and sent back: the limit", make_macswap},
    ContestantKind{"nat", "established connections through the worker, both directions", make_nat},
    ContestantKind{"miss", "packets to the service that belong to no connection", make_miss},
    ContestantKind{"connect", "every packet opens a connection, into an empty table", make_connect},
    ContestantKind{"churn", "short HTTP-like connections, eight packets each", make_churn},
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

Stage::Stage(const Setting& setting, const BufferPool& buffers) : setting_(setting), buffers_(buffers) {}

void Stage::establish() {
  if (rig_) return;
  rig_ = std::make_unique<Rig>(Rig::Options{setting_.flows, setting_.workers, setting_.huge_pages}, buffers_);
  server_of_ = rig_->open(setting_.flows);
  std::vector<Spec> all = established_traffic(server_of_, setting_.order, setting_.sizes, kMostTraffic, 1);
  for (unsigned w = 0; w < setting_.workers; ++w)
    traffic_.push_back(setting_.workers == 1 ? std::move(all)
                                             : share_of(all, w, setting_.workers, setting_.affinity));
}

Rig& Stage::established() { return establish(), *rig_; }
const std::vector<uint8_t>& Stage::server_of() { return establish(), server_of_; }
const std::vector<Spec>& Stage::traffic(unsigned worker) { return establish(), traffic_[worker]; }

std::span<const ContestantKind> contestants() noexcept { return kKinds; }

}  // namespace steelyard::bench
