// The loop a worker's thread runs from launch to stop: turn after turn, and what the control core has to
// send.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/grace.h"
#include "base/time.h"
#include "base/types.h"
#include "config/config.h"
#include "pipeline/counters.h"

namespace steelyard::dpdk {

// Written by the control core, read by all workers each turn.
struct alignas(kCacheLine) LoopControl {
  std::atomic<Ticks> ticks{0};  // of the boot clock: set it at least four times a second
  std::atomic<bool> stop{false};
};

// Written by one worker, read by the control core: how far it has come.
struct alignas(kCacheLine) LoopProgress {
  std::atomic<uint64_t> turns{0};  // stands still: the worker hangs
  std::atomic<bool> running{false};
};

// Microseconds for Now::us from the processor's time-stamp counter.
class MicrosecondClock {
 public:
  MicrosecondClock() noexcept;
  uint32_t now() const noexcept;

 private:
  uint64_t cycles_;  // of one microsecond
};

// The time a worker has something to do: from the beginning of each turn that did something to the beginning
// of the next one. Whole microseconds come out right on average, however short the turns.
class BusyTime {
 public:
  explicit BusyTime(Counter& counter) noexcept : counter_(counter) {}
  void begin_turn(uint32_t us) noexcept {
    if (busy_) counter_.add(us - began_);
    began_ = us;
  }
  void end_turn(bool anything_done) noexcept { busy_ = anything_done; }

 private:
  Counter& counter_;
  uint32_t began_ = 0;
  bool busy_ = false;
};

// How long an idle worker of `idle: sleep` waits. A worker that sleeps is offline in the grace periods. The
// poll-mode drivers of veth ports have no interrupt to wait for, so it is a short sleep that grows while
// nothing comes.
class Naps {
 public:
  explicit Naps(config::Idle idle) noexcept;  // by the thread that will sleep
  // After each turn. True: sleep now, for nanoseconds().
  bool due(bool anything_done) noexcept {
    if (anything_done || !enabled_) {
      empty_turns_ = 0, nanoseconds_ = kShortest;
      return false;
    }
    return ++empty_turns_ > kEmptyTurns;
  }
  void sleep() noexcept;

 private:
  static constexpr uint32_t kEmptyTurns = 64;
  static constexpr long kShortest = 50'000, kLongest = 200'000;
  bool enabled_;
  uint32_t empty_turns_ = 0;
  long nanoseconds_ = kShortest;
};

// Turns after the stop that still send what had been received by then.
inline constexpr unsigned kLastTurns = 256;

// Runs on the worker's own thread until control.stop. `thread` is the worker's id in the grace periods; the
// loop registers it. Worker has turn(Now) and Io relay(), both noexcept and returning how many frames they
// took. `counters`: of this worker.
template <class Worker, class Io>
void run_worker(Worker& worker, Io& io, unsigned thread, GracePeriods& grace, config::Idle idle,
                const LoopControl& control, LoopProgress& progress, WorkerCounters& counters) noexcept {
  const MicrosecondClock clock;
  BusyTime busy(counters.busy_us);
  Naps naps(idle);
  const auto turn = [&]() noexcept {
    const uint32_t us = clock.now();
    busy.begin_turn(us);
    const unsigned frames = worker.turn({control.ticks.load(std::memory_order_relaxed), us});
    const unsigned relayed = io.relay();
    busy.end_turn(frames + relayed > 0);
    progress.turns.store(progress.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return frames + relayed > 0;
  };
  grace.register_thread(thread);
  grace.online(thread);
  progress.running.store(true, std::memory_order_release);
  while (!control.stop.load(std::memory_order_relaxed)) {
    if (!naps.due(turn())) continue;
    grace.offline(thread);
    naps.sleep();
    grace.online(thread);
    counters.sleeps.add();
  }
  for (unsigned i = 0; i < kLastTurns && turn(); ++i) {
  }
  grace.offline(thread);
  grace.unregister_thread(thread);
  progress.running.store(false, std::memory_order_release);
}

// The workers' threads, which the EAL made. Control core only.
class WorkerThreads {
 public:
  WorkerThreads(unsigned workers, LoopControl& control) : workers_(workers), control_(control) {}
  ~WorkerThreads() { stop(); }
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // Calls body(worker) on each worker's thread; it returns soon after control.stop. Throws StartError.
  void launch(std::function<void(unsigned)> body);
  // Sets control.stop and waits for all to return.
  void stop() noexcept;

 private:
  static int enter(void* self);
  unsigned workers_;
  LoopControl& control_;
  std::function<void(unsigned)> body_;
};

}  // namespace steelyard::dpdk
