#include "replay/engine.h"

#include <algorithm>
#include <numeric>

#include "replay/eal.h"

namespace steelyard::replay {

namespace {

constexpr unsigned kMegabytes = 64;
constexpr uint64_t kStartUs = 1'000'000'000;  // the replayed boot clock does not start at zero
constexpr int64_t kLongestStepUs = int64_t{30} * 24 * 3600 * 1'000'000;
constexpr std::array<uint64_t, 2> kHashSeed{0x5ee17a2d, 0x0ba1a4ce};  // replays repeat exactly

std::vector<PortInfo> ports_of(const config::Config& config) {
  std::vector<PortInfo> ports;
  for (const config::Port& p : config.ports) {
    const Mac made_up{{2, 0, 0, 0, 0, static_cast<uint8_t>(ports.size() + 1)}};
    ports.push_back({p.mac.value_or(made_up), {}, p.mtu.value_or(1500)});
  }
  return ports;
}

MemoryIo::Options io_options(const config::Config& config) {
  start_private_eal(kMegabytes);
  MemoryIo::Options options;
  options.ports = static_cast<unsigned>(config.ports.size());
  return options;
}

}  // namespace

uint64_t Counts::dropped() const noexcept { return std::accumulate(drops.begin(), drops.end(), uint64_t{0}); }

Counts Counts::operator-(const Counts& before) const noexcept {
  Counts c{received - before.received, forwarded - before.forwarded, kernel - before.kernel,
           originated - before.originated, drops};
  for (std::size_t i = 0; i < kDropReasons; ++i) c.drops[i] -= before.drops[i];
  return c;
}

Engine::Engine(const config::Config& config)
    : director_(config, ports_of(config), {.workers = 1, .hash_seed = kHashSeed}),
      io_(io_options(config)),
      worker_(0, io_, director_.shared(), director_.counters(0), director_.limits()),
      us_(kStartUs) {
  director_.grace().register_thread(0);
  director_.grace().online(0);
  ticks_ = director_.tick(us_ / 1000);
}

Engine::~Engine() {
  director_.grace().offline(0);
  director_.grace().unregister_thread(0);
}

void Engine::advance(int64_t ns) {
  if (last_ns_ && ns > *last_ns_)
    us_ += static_cast<uint64_t>(std::min((ns - *last_ns_) / 1000, kLongestStepUs));
  // What is less than a microsecond waits for the next step.
  last_ns_ = !last_ns_ ? ns : std::max(*last_ns_, ns - (ns - *last_ns_) % 1000);
  ticks_ = director_.tick(us_ / 1000);
}

Counts Engine::counts() const {
  const control::Director::Packets p = director_.packets();
  return {p.received, p.forwarded, p.kernel, p.originated, director_.drops()};
}

Engine::Result Engine::turn() {
  const Counts before = counts();
  const Now now{ticks_, static_cast<uint32_t>(us_)};
  while (worker_.turn(now) > 0) {
  }
  return {counts() - before, io_.take_sent(), io_.take_kernel()};
}

Engine::Result Engine::run(std::span<const Captured> frames) {
  for (const Captured& f : frames) io_.push(f.port, f.bytes);
  return turn();
}

Engine::Result Engine::run(uint8_t port, std::span<const uint8_t> frame) {
  io_.push(port, frame);
  return turn();
}

}  // namespace steelyard::replay
