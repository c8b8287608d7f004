// The stages of a worker's turn, in their order: free functions on a batch. A stage skips packets that have a
// verdict.
#pragma once

#include <array>
#include <atomic>

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
  const std::atomic<const Snapshot*>& published;
  WorkerCounters& counters;
  RateLimits limits;
  // A pick that was taken but not used, because another worker opened the connection first or because the
  // table had no room: the next opening of that service uses it, so that no pick is lost.
  struct Leftover {
    ServiceSlot service = kNoService;
    uint32_t version = 0;  // of the schedule it came from; of no use to another one
    ServerSlot server = 0;
  } leftover{};
  // By place in the batch: connections of datagrams that are scheduled one by one. They last for a turn and
  // are in no table.
  std::array<Connection, kBatchSize> passing{};
};

// bytes -> kind, key, direction, hash | drop | kernel. Reads only inside the frame. Asks for the table's
// cache lines as early as they are known.
void parse(Batch& batch, const Snapshot& snap, const ConnectionTable& table) noexcept;
// keys -> connections.
void find_connections(Batch& batch, const ConnectionTable& table) noexcept;
// misses -> scheduled and inserted | drop | kernel. A pick may name a server that is newer than `snap`: then
// `snap` becomes the newest snapshot, for this stage and those behind it.
void open_connections(Batch& batch, const Snapshot*& snap, WorkerContext& context, Now now) noexcept;
// Next hop, TCP state, last seen, counters; and what cannot be sent on (time to live, MTU).
void track(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;
// connection -> new addresses, ports, checksums, TTL, MACs, VLAN; without the next hop's MAC the packet
// waits. Returns how many packets are to be forwarded: if all are, the next two stages have nothing to do.
uint16_t rewrite(Batch& batch) noexcept;
// drops that are answered -> the answer, in the same mbuf.
void answer(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;
// what goes to the kernel -> its rate class | drop over its rate.
void classify_kernel(Batch& batch, const Snapshot& snap, WorkerContext& context, Now now) noexcept;

}  // namespace steelyard
