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
  Dispatch(Io& io, WorkerCounters& counters) noexcept : io_(io), counters_(counters) {
    for (uint8_t i = 0; i < kLanes; ++i) lanes_[i] = {queues_[i].data(), 0, 0, i};
  }

  void run(Batch& batch) noexcept {
    for (uint32_t i = 0; i < batch.size; ++i) {
      Packet& p = batch.packets[i];
      if (p.verdict == Verdict::forward) [[likely]]
        forward(p);
      else
        settle(p);
    }
    for (Lane& lane : lanes_) flush(lane);
    if (discards_ != 0) io_.free(discarded_.data(), discards_);
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

  // What leaves by one port, in the order it came in. The port of the next packet is as good as random, so a
  // packet goes to its lane without a branch; more ports than lanes take turns.
  struct Lane {
    rte_mbuf** queue = nullptr;
    uint32_t queued = 0;
    uint32_t answers = 0;  // bits of queue
    uint8_t port = 0;
  };
  static constexpr unsigned kLanes = 8;

  Lane& lane_of(uint8_t port) noexcept {
    Lane& lane = lanes_[port % kLanes];
    if (lane.port != port) [[unlikely]] {
      flush(lane);
      lane.port = port;
    }
    return lane;
  }

  void forward(Packet& p) noexcept {
    Lane& lane = lane_of(p.out_port);
    if (p.too_large) [[unlikely]]
      return send_fragments(lane, p);
    lane.queue[lane.queued++] = p.mbuf;
  }

  void settle(Packet& p) noexcept {
    if (p.verdict == Verdict::kernel) to_kernel(p);
    if (p.verdict == Verdict::wait) hold(p);
    if (p.verdict == Verdict::answer) send_answer(p);
    if (p.verdict == Verdict::drop) discard(p);
  }

  void send_answer(Packet& p) noexcept {
    drop(p.reason);  // its input's end
    Lane& lane = lane_of(p.out_port);
    lane.answers |= uint32_t{1} << lane.queued;
    lane.queue[lane.queued++] = p.mbuf;
  }

  // What the port refuses is the end of the queue.
  void flush(Lane& lane) noexcept {
    if (lane.queued == 0) return;
    const uint16_t taken = io_.send(lane.port, lane.queue, static_cast<uint16_t>(lane.queued));
    const uint32_t sent = taken >= kBatchSize ? ~uint32_t{0} : (uint32_t{1} << taken) - 1;
    const auto answered = static_cast<uint16_t>(std::popcount(lane.answers & sent));
    const auto answers = static_cast<uint16_t>(std::popcount(lane.answers));
    originated_ += answered;
    forwarded_ += static_cast<uint64_t>(taken - answered);
    if (taken < lane.queued)
      drop(DropReason::transmit_full, static_cast<uint64_t>(lane.queued - taken - (answers - answered)));
    lane.queued = 0;
    lane.answers = 0;
  }

  void send_fragments(Lane& lane, Packet& p) noexcept {
    flush(lane);
    Fragments fragments;
    fragment(p, *p.next_hop, io_.direct_pool(), io_.indirect_pool(), fragments);
    discarded_[discards_++] = p.mbuf;  // the fragments hold its bytes
    if (fragments.size == 0) {
      p.drop(DropReason::fragmentation_failed);
      return drop(p.reason);
    }
    if (io_.send(p.out_port, fragments.packets.data(), fragments.size) == fragments.size)
      ++forwarded_;
    else
      drop(DropReason::transmit_full);
  }

  Io& io_;
  WorkerCounters& counters_;
  std::array<Lane, kLanes> lanes_;
  std::array<std::array<rte_mbuf*, kBatchSize>, kLanes> queues_;
  std::array<rte_mbuf*, kBatchSize> discarded_;
  uint16_t discards_ = 0;
  uint64_t forwarded_ = 0, kernel_ = 0, originated_ = 0;
};

}  // namespace steelyard
