// The wires of a turn while captures run: passes everything on, and shows the recorder what leaves. All it
// knows of the rest of the turn is what stands in the batch.
#pragma once

#include "capture/recorder.h"
#include "pipeline/fragment.h"
#include "pipeline/io.h"

namespace steelyard {

template <PacketIo Io>
class Tap {
 public:
  Tap(Io& io, capture::Recorder& recorder) noexcept : io_(io), recorder_(recorder) {}

  uint16_t receive(rte_mbuf** packets, uint16_t n) noexcept { return io_.receive(packets, n); }
  // Recorded before it is known what the port takes: afterwards the packets are no longer ours.
  uint16_t send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept {
    recorder_.leaving(port, packets, n);
    const uint16_t taken = io_.send(port, packets, n);
    recorder_.left(taken);
    return taken;
  }
  bool to_kernel(rte_mbuf* packet) noexcept { return io_.to_kernel(packet); }
  bool hold(rte_mbuf* packet, Ipv4 destination) noexcept { return io_.hold(packet, destination); }
  void free(rte_mbuf** packets, uint16_t n) noexcept { io_.free(packets, n); }
  rte_mempool* direct_pool() noexcept { return io_.direct_pool(); }
  rte_mempool* indirect_pool() noexcept { return io_.indirect_pool(); }

 private:
  static_assert(kBatchSize <= capture::kMostSent && kMostFragments <= capture::kMostSent);
  Io& io_;
  capture::Recorder& recorder_;
};

}  // namespace steelyard
