// The worker: one turn takes a batch from receive to send, run to completion. It allocates nothing, locks
// nothing, makes no system call and never logs.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "conn/table.h"
#include "net/batch.h"
#include "pipeline/counters.h"
#include "pipeline/io.h"
#include "pipeline/limits.h"
#include "pipeline/shared.h"
#include "pipeline/stages.h"
#include "service/snapshot.h"

namespace steelyard {

template <PacketIo Io>
class Worker {
 public:
  // `thread` is this worker's id in the table and the grace periods; the caller registers it there.
  Worker(unsigned thread, Io& io, Shared shared, WorkerCounters& counters, const Limits& limits)
      : io_(io),
        shared_(shared),
        context_{thread, shared.connections, shared.snapshot, counters, RateLimits(limits)} {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // One turn: at most one batch from receive to send. Returns the number of packets received. Reports
  // quiescence, also when nothing came; no pointer into the snapshot or the table survives it.
  uint16_t turn(Now now) noexcept;

 private:
  uint16_t receive() noexcept;
  template <PacketIo Wires, class Watch>
  void finish(Wires& wires, const Snapshot& snap, Now now, Watch& watch) noexcept;
  template <class Watch>
  void finish_captured(const capture::Active& captures, const Snapshot& snap, Now now, Watch& watch) noexcept;
  template <class Watch>
  uint16_t run(Now now, Watch watch) noexcept;
  uint16_t timed_turn(Now now) noexcept;

  Io& io_;
  Shared shared_;
  WorkerContext context_;
  Batch batch_;
  uint32_t until_timed_ = kTimedEvery - 1;  // turns that have packets
};

}  // namespace steelyard

#include "pipeline/worker_impl.h"
