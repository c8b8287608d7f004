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
  const uint16_t received = receive();
  context_.counters.turns.add();
  if (received == 0) {
    context_.counters.idle_turns.add();
    shared_.grace.quiescent(context_.thread);
    return 0;
  }
  const Snapshot* snap = shared_.snapshot.load(std::memory_order_acquire);
  parse(batch_, *snap, context_.connections);
  find_connections(batch_, context_.connections);
  open_connections(batch_, snap, context_, now);
  track(batch_, *snap, context_, now);
  if (rewrite(batch_) != received) {
    answer(batch_, *snap, context_, now);
    classify_kernel(batch_, *snap, context_, now);
  }
  Dispatch(io_, context_.counters).run(batch_);
  shared_.grace.quiescent(context_.thread);
  return received;
}

}  // namespace steelyard
