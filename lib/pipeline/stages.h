// The stages of a worker's turn, in their order: free functions on a batch. A stage skips packets that have a
// verdict.
#pragma once

#include "base/time.h"
#include "conn/table.h"
#include "net/batch.h"
#include "pipeline/counters.h"
#include "pipeline/limits.h"
#include "service/snapshot.h"

namespace steelyard {

// A worker's own state that stages need.
struct WorkerContext {
  unsigned thread;
  ConnectionTable& connections;
  WorkerCounters& counters;
  RateLimits limits;
  // A pick that was taken but not used, because another worker opened the connection first: the next opening
  // of that service uses it, so that no pick is lost.
  struct Leftover {
    ServiceSlot service = kNoService;
    uint32_t version = 0;
    ServerSlot server = 0;
  } leftover;
};

// bytes -> kind, key, direction | drop. Reads only inside the frame.
void parse(Batch& batch, const Snapshot& snap) noexcept;
// keys -> connections.
void find_connections(Batch& batch, const ConnectionTable& table) noexcept;
// misses -> scheduled and inserted | drop, answer, kernel.
void open_connections(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;
// TCP state, last seen, counters; also what must be refused before it counts (time to live, MTU).
void track(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;
// connection -> new addresses, ports, checksums, TTL, MACs, VLAN.
void rewrite(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;
// drops that are answered -> the answer, in the same mbuf; what goes to the kernel -> its class and rate.
void answer(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;
void classify_kernel(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;

}  // namespace steelyard
