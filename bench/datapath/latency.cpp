#include "datapath/latency.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <rte_cycles.h>
#include <sys/resource.h>

#include "datapath/check.h"
#include "datapath/eal.h"
#include "datapath/turns.h"
#include "load/histogram.h"

namespace steelyard::bench {
namespace {

constexpr uint32_t kMostFlows = 1'000'000;
constexpr uint64_t kPiece = 1 << 16;  // batches of one contestant before it is the other one's turn
// Room for connections that are closed and not reclaimed yet, should the control core be late.
constexpr uint32_t kSpare = 1 << 20;

// Knows when receive() was done: what comes before is the wire.
class TimedNic : public MemoryNic {
 public:
  using MemoryNic::MemoryNic;
  uint16_t receive(rte_mbuf** packets, uint16_t n) noexcept {
    n = MemoryNic::receive(packets, n);
    received_at_ = rte_rdtsc_precise();
    return n;
  }
  uint64_t received_at() const noexcept { return received_at_; }

 private:
  uint64_t received_at_ = 0;
};
static_assert(PacketIo<TimedNic>);

long involuntary_switches() noexcept {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

struct Times {
  load::Histogram kept, set_aside;  // time-stamp counter's cycles
};

// Turns until the NIC has delivered a number of batches.
template <class Turn>
void run(TimedNic& nic, uint64_t batches, Times& times, Turn turn) {
  long switches = involuntary_switches();
  for (uint64_t i = 0; i < batches; ++i) {
    turn();
    const uint64_t took = rte_rdtsc_precise() - nic.received_at();
    const long now = involuntary_switches();
    (now == switches ? times.kept : times.set_aside).record(took);
    switches = now;
  }
}

// The control core in a thread of its own.
class Publisher {
 public:
  Publisher(Rig& rig) : thread_([this, &rig](const std::stop_token& stop) { publish(stop, rig); }) {}
  uint64_t published() const noexcept { return published_.load(std::memory_order_relaxed); }

 private:
  void publish(const std::stop_token& stop, Rig& rig) {
    pin_thread(1);
    auto next = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      rig.tick();
      rig.director().set_network({});
      published_.fetch_add(1, std::memory_order_relaxed);
      next += std::chrono::milliseconds(1);
      std::this_thread::sleep_until(next);
    }
  }
  std::atomic<uint64_t> published_{0};
  std::jthread thread_;
};

class Bout {
 public:
  Bout(const Setting& setting, const BufferPool& buffers)
      : flows_(std::min(setting.flows, kMostFlows) / kServers * kServers),
        rig_({2 * flows_ + kSpare, 1, setting.huge_pages}, buffers),
        nic_(buffers, kOwnMacs, {kGatewayMac, server_mac(0)}),
        worker_(0, nic_, rig_.director().shared(), rig_.director().counters(0), rig_.director().limits()) {
    append_churn(specs_, 0, flows_);
    check();
  }

  std::vector<Latency> measure(uint64_t batches, const std::function<void(double)>& progress) {
    Times macswap, churn;
    nic_.load(specs_, true);
    const Publisher publisher(rig_);
    for (uint64_t done = 0; done < batches; done += kPiece) {
      progress(static_cast<double>(done) / static_cast<double>(batches));
      const uint64_t piece = std::min(kPiece, batches - done);
      // Each has the same packets: a piece of macswap's moves nothing on.
      const std::size_t at = nic_.position();
      run(nic_, piece, macswap, [this] { macswap_turn(nic_); });
      nic_.seek(at);
      turns(piece, churn);
    }
    return {result("macswap", macswap, publisher), result("churn", churn, publisher)};
  }

 private:
  void turns(uint64_t batches, Times& times) {
    const uint64_t sent = nic_.sent(), other = nic_.other();
    rig_.director().grace().online(0);
    run(nic_, batches, times, [this] { worker_.turn(rig_.clock().now(rte_rdtsc())); });
    rig_.director().grace().offline(0);
    if (nic_.other() != other)
      throw WrongAnswer(fmt::format("latency: {} of {} packets were not forwarded ({})", nic_.other() - other,
                                    nic_.sent() - sent + nic_.other() - other, rig_.fate()));
  }

  // Twice all connections, as they are opened and as they are opened anew: the n-th one's server is known.
  void check() {
    std::vector<uint8_t> server_of(flows_);
    for (uint32_t f = 0; f < flows_; ++f) server_of[f] = static_cast<uint8_t>(f % kServers);
    for (int time = 0; time < 2; ++time) {
      Checker checker(server_of);
      rig_.play(specs_,
                [&](uint8_t port, std::span<rte_mbuf* const> packets) { checker.look(port, packets); });
      rig_.tick();
      if (!checker.wrong().empty()) throw WrongAnswer("latency: " + checker.wrong());
      if (checker.seen() != specs_.size())
        throw WrongAnswer(fmt::format("latency: {} of {} packets came through ({})", checker.seen(),
                                      specs_.size(), rig_.fate()));
    }
  }

  Latency result(const char* contestant, const Times& times, const Publisher& publisher) const {
    const double ns = 1e9 / static_cast<double>(rte_get_tsc_hz());
    const auto at = [&](double percent) { return static_cast<double>(times.kept.percentile(percent)) * ns; };
    return {contestant,
            flows_,
            times.kept.count(),
            times.set_aside.count(),
            static_cast<double>(times.set_aside.max()) * ns,
            at(50),
            at(99),
            at(99.9),
            static_cast<double>(times.kept.max()) * ns,
            publisher.published()};
  }

  uint32_t flows_;
  Rig rig_;
  TimedNic nic_;
  Worker<TimedNic> worker_;
  std::vector<Spec> specs_;
};

}  // namespace

std::vector<Latency> measure_latency(const Setting& setting, const BufferPool& buffers, uint64_t batches,
                                     const std::function<void(double)>& progress) {
  return Bout(setting, buffers).measure(batches, progress);
}

std::string table(const std::vector<Latency>& results) {
  std::string out = fmt::format("{:<12}{:>12}{:>12}{:>10}{:>10}{:>10}{:>12}{:>12}\n", "contestant", "flows",
                                "batches", "p50 us", "p99 us", "p99.9 us", "max us", "set aside");
  for (const Latency& l : results)
    out +=
        fmt::format("{:<12}{:>12}{:>12}{:>10.2f}{:>10.2f}{:>10.2f}{:>12.2f}{:>12}\n", l.contestant, l.flows,
                    l.batches, l.p50_ns / 1e3, l.p99_ns / 1e3, l.p999_ns / 1e3, l.max_ns / 1e3, l.set_aside);
  return out;
}

std::string json(const std::vector<Latency>& results) {
  boost::json::array list;
  for (const Latency& l : results)
    list.push_back({{"contestant", l.contestant},
                    {"flows", l.flows},
                    {"workers", 1},
                    {"batches", l.batches},
                    {"set_aside", l.set_aside},
                    {"set_aside_max_ns", l.set_aside_max_ns},
                    {"p50_ns", l.p50_ns},
                    {"p99_ns", l.p99_ns},
                    {"p999_ns", l.p999_ns},
                    {"max_ns", l.max_ns},
                    {"snapshots", l.snapshots}});
  return boost::json::serialize(list) + "\n";
}

}  // namespace steelyard::bench
