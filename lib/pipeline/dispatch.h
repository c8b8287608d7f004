// The end of a turn: every packet of the batch is sent, handed to the kernel or freed, and counted.
#pragma once

#include <bit>

#include "net/batch.h"
#include "pipeline/counters.h"
#include "pipeline/fragment.h"
#include "pipeline/io.h"
#include "pipeline/next_hop.h"

namespace steelyard {

template <PacketIo Io>
class Dispatch {
 public:
  Dispatch(Io& io, WorkerCounters& counters) noexcept : io_(io), counters_(counters) {}

  void run(Batch& batch) noexcept {
    uint32_t leaving = 0;
    for (uint32_t i = 0; i < batch.size; ++i) {
      Packet& p = batch.packets[i];
      if (p.verdict == Verdict::forward || p.verdict == Verdict::answer)
        leaving |= uint32_t{1} << i;
      else if (p.verdict == Verdict::kernel)
        to_kernel(p);
      else if (p.verdict == Verdict::wait)
        hold(p);
      if (p.verdict == Verdict::drop) discard(p);
    }
    send(batch, leaving);
    io_.free(discarded_.data(), discards_);
    counters_.received.add(batch.size);
    counters_.forwarded.add(forwarded_);
    counters_.kernel.add(kernel_);
    counters_.originated.add(originated_);
  }

 private:
  void to_kernel(Packet& p) noexcept {
    if (io_.to_kernel(p.mbuf))
      ++kernel_;
    else
      p.drop(DropReason::kernel_ring_full);
  }

  // Counted as forwarded; the control core corrects that if the next hop's MAC does not become known in time.
  void hold(Packet& p) noexcept {
    if (io_.hold(p.mbuf, destination_of(*p.connection, p.key.direction)))
      ++forwarded_;
    else
      p.drop(DropReason::no_next_hop);
  }

  void discard(const Packet& p) noexcept {
    drop(p.reason);
    discarded_[discards_++] = p.mbuf;
  }

  void drop(DropReason reason, uint64_t n = 1) noexcept {
    counters_.drops[static_cast<std::size_t>(reason)].add(n);
  }

  // Port by port, each port's packets in the order they came in.
  void send(Batch& batch, uint32_t leaving) noexcept {
    while (leaving != 0) {
      const uint8_t port = batch.packets[static_cast<std::size_t>(std::countr_zero(leaving))].out_port;
      for (uint32_t rest = leaving; rest != 0; rest &= rest - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(rest));
        if (batch.packets[i].out_port != port) continue;
        leaving &= ~(uint32_t{1} << i);
        queue(batch.packets[i]);
      }
      flush(port);
    }
  }

  void queue(Packet& p) noexcept {
    if (p.verdict == Verdict::answer) {
      drop(p.reason);  // its input's end
      answers_ |= uint32_t{1} << queued_;
    } else if (p.too_large) [[unlikely]] {
      return send_fragments(p);
    }
    queue_[queued_++] = p.mbuf;
  }

  // What the port refuses is the end of the queue.
  void flush(uint8_t port) noexcept {
    if (queued_ == 0) return;
    const uint16_t taken = io_.send(port, queue_.data(), queued_);
    const uint32_t sent = taken >= kBatchSize ? ~uint32_t{0} : (uint32_t{1} << taken) - 1;
    const auto answered = static_cast<uint16_t>(std::popcount(answers_ & sent));
    const auto answers = static_cast<uint16_t>(std::popcount(answers_));
    originated_ += answered;
    forwarded_ += static_cast<uint64_t>(taken - answered);
    if (taken < queued_)
      drop(DropReason::transmit_full, static_cast<uint64_t>(queued_ - taken - (answers - answered)));
    queued_ = 0;
    answers_ = 0;
  }

  void send_fragments(const Packet& p) noexcept {
    flush(p.out_port);
    Fragments fragments;
    fragment(p, *p.next_hop, io_.direct_pool(), io_.indirect_pool(), fragments);
    discarded_[discards_++] = p.mbuf;  // the fragments hold its bytes
    if (fragments.size == 0) return drop(DropReason::fragmentation_failed);
    if (io_.send(p.out_port, fragments.packets.data(), fragments.size) == fragments.size)
      ++forwarded_;
    else
      drop(DropReason::transmit_full);
  }

  Io& io_;
  WorkerCounters& counters_;
  std::array<rte_mbuf*, kBatchSize> queue_;
  std::array<rte_mbuf*, kBatchSize> discarded_;
  uint16_t queued_ = 0, discards_ = 0;
  uint32_t answers_ = 0;  // bits of queue_
  uint64_t forwarded_ = 0, kernel_ = 0, originated_ = 0;
};

}  // namespace steelyard
