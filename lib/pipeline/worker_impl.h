// Worker<Io>::turn; included by worker.h.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "pipeline/dispatch.h"
#include "pipeline/tap.h"
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

// From packets whose end is known to packets that are gone.
template <PacketIo Io>
template <PacketIo Wires, class Watch>
inline void Worker<Io>::finish(Wires& wires, const Snapshot& snap, Now now, Watch& watch) noexcept {
  const bool all_forwarded = rewrite(batch_) == batch_.size;
  watch.lap(Stage::rewrite);
  if (!all_forwarded) {
    answer(batch_, snap, context_, now);
    classify_kernel(batch_, snap, context_, now);
    watch.lap(Stage::answer);
  }
  Dispatch(wires, context_.counters).run(batch_);
  watch.lap(Stage::send);
}

// A copy of its own of that code, out of the way of the ordinary one.
template <PacketIo Io>
template <class Watch>
[[gnu::noinline]] void Worker<Io>::finish_captured(const capture::Active& captures, const Snapshot& snap,
                                                   Now now, Watch& watch) noexcept {
  capture::Recorder recorder(captures, context_.thread, batch_, now.us);
  Tap<Io> tap(io_, recorder);
  finish(tap, snap, now, watch);
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
  const capture::Active* captures = shared_.captures.load(std::memory_order_acquire);
  if (captures != nullptr) [[unlikely]]
    finish_captured(*captures, *snap, now, watch);
  else
    finish(io_, *snap, now, watch);
  shared_.grace.quiescent(context_.thread);
  return received;
}

}  // namespace steelyard
