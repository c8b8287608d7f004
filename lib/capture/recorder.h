// A worker's turn while captures run: records its batch as it came and as it leaves, and what is dropped.
// Lives for one turn, on the worker's stack.
//
// What is dropped before it has been rewritten is kept as it came. Of what is dropped later (no room in a
// queue or a ring, a rate that is used up, no buffer to fragment) only the first kHead bytes are still there
// as they came: everybody would have to pay for a copy of all of every packet.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "capture/capture.h"
#include "net/batch.h"

struct rte_mbuf;

namespace steelyard::capture {

inline constexpr uint32_t kHead = 256;
inline constexpr unsigned kMostSent = 64;  // packets of one call of leaving()

class Recorder {
 public:
  // Between track() and rewrite(): records what has come. `us`: Now::us of the turn.
  Recorder(const Active& active, unsigned thread, Batch& batch, uint32_t us) noexcept;
  // At the turn's end: drops get their reasons, and all is handed to the control core.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // These are about to be sent by `port`: packets of the batch, or fragments of one.
  void leaving(uint8_t port, rte_mbuf* const* packets, uint16_t n) noexcept;
  // The first `taken` of them were sent; the others get the verdict that the port refused them.
  void left(uint16_t taken) noexcept;

 private:
  static constexpr uint8_t kStranger = 0xff;  // no packet of the batch
  struct Head {
    std::array<uint8_t, kHead> bytes;
    uint32_t captured, wire_length;
  };
  Capture& capture(unsigned c) const noexcept { return *active_.captures[c]; }
  Ring& ring(unsigned c) const noexcept { return capture(c).ring(thread_); }
  Record* record(unsigned c, Way way, uint8_t port, const rte_mbuf& frame) noexcept;
  void came(uint16_t i) noexcept;
  void ended(uint16_t i) noexcept;
  void record_head(unsigned c, uint16_t i) noexcept;
  uint8_t index_of(const rte_mbuf& packet) noexcept;

  const Active& active_;
  unsigned thread_;
  Batch& batch_;
  uint32_t us_;
  uint8_t next_ = 0;  // where index_of() begins
  // By packet of the batch; the bits are captures.
  std::array<const rte_mbuf*, kBatchSize> mbufs_;
  std::array<uint8_t, kBatchSize> followed_{};  // what comes and leaves
  std::array<uint8_t, kBatchSize> watched_{};   // only if it should still be dropped
  std::array<std::array<Record*, kMostCaptures>, kBatchSize> came_;
  std::array<Head, kBatchSize> heads_;  // of watched packets
  // By packet that is leaving.
  std::array<uint8_t, kMostSent> leaving_;
  std::array<std::array<uint64_t, kMostCaptures>, kMostSent + 1> ends_;  // of the rings before it
  uint16_t n_leaving_ = 0;
  static_assert(kMostCaptures <= 8);
};

}  // namespace steelyard::capture
