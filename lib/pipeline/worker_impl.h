// Worker<Io>::turn; included by worker.h.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "pipeline/dispatch.h"
#include "pipeline/worker.h"

namespace steelyard {

template <PacketIo Io>
uint16_t Worker<Io>::receive() noexcept {
  std::array<rte_mbuf*, kBatchSize> received;
  batch_.size = io_.receive(received.data(), kBatchSize);
  for (uint16_t i = 0; i < batch_.size; ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(received[i], void*));
    batch_.packets[i].start(received[i]);
  }
  return batch_.size;
}

template <PacketIo Io>
uint16_t Worker<Io>::turn(Now now) noexcept {
  if (until_timed_ == 0) [[unlikely]]
    return timed_turn(now);
  return run(now, NoStopwatch{});
}

// A copy of its own of the turn's code, out of the way of the ordinary one.
template <PacketIo Io>
[[gnu::noinline, gnu::cold]] uint16_t Worker<Io>::timed_turn(Now now) noexcept {
  return run(now, Stopwatch(context_.counters.stages));
}

template <PacketIo Io>
template <class Watch>
inline uint16_t Worker<Io>::run(Now now, Watch watch) noexcept {
  const uint16_t received = receive();
  context_.counters.turns.add();
  if (received == 0) {
    context_.counters.idle_turns.add();
    shared_.grace.quiescent(context_.thread);
    return 0;
  }
  until_timed_ = (until_timed_ - 1) % kTimedEvery;
  watch.begin(received);
  const Snapshot* snap = shared_.snapshot.load(std::memory_order_acquire);
  parse(batch_, *snap, context_.connections);
  watch.lap(Stage::parse);
  find_connections(batch_, context_.connections);
  watch.lap(Stage::find);
  open_connections(batch_, snap, context_, now);
  watch.lap(Stage::open);
  track(batch_, *snap, context_, now);
  watch.lap(Stage::track);
  const bool all_forwarded = rewrite(batch_) == received;
  watch.lap(Stage::rewrite);
  if (!all_forwarded) {
    answer(batch_, *snap, context_, now);
    classify_kernel(batch_, *snap, context_, now);
    watch.lap(Stage::answer);
  }
  Dispatch(io_, context_.counters).run(batch_);
  watch.lap(Stage::send);
  shared_.grace.quiescent(context_.thread);
  return received;
}

}  // namespace steelyard
