// Captured packets on their way from one thread (a worker) to the control core: records of any length in a
// ring of bytes. What finds no room is counted and lost; nobody ever waits.
//
// The producer appends records and publishes them together, at the end of its turn. Until then it may change
// them and take back the last ones. Positions grow for ever; a place in the ring is the position modulo its
// size. A record lies in one piece: where it would not fit before the end, a filler takes the rest.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/types.h"
#include "net/verdict.h"

namespace steelyard::capture {

enum class Way : uint8_t { in = 1, out = 2 };  // as in the flags of pcapng's enhanced packet block

struct Record {
  uint32_t size = 0;  // of the ring that it takes: header, bytes, padding
  bool filler = false;
  Way way = Way::in;
  uint8_t port = 0;                       // index of a configured port
  DropReason reason = DropReason::count;  // count: it was not dropped
  uint32_t us = 0;                        // Now::us
  uint32_t wire_length = 0;               // of the frame
  uint32_t captured = 0;                  // bytes of it that follow

  uint8_t* bytes() noexcept { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* bytes() const noexcept { return reinterpret_cast<const uint8_t*>(this + 1); }
};

class Ring {
 public:
  // Bytes, a power of two and more than one frame. Touches all of it, so that no producer waits for a page.
  explicit Ring(std::size_t size);

  // --- The producer.
  // A record with room for its bytes, not published yet. Null: there is no room; counted.
  Record* append(uint32_t captured) noexcept;
  uint64_t end() const noexcept { return end_; }
  // Takes back what was appended since `end`. Not behind a publish().
  void rewind(uint64_t end) noexcept { end_ = end; }
  void publish() noexcept { published_.store(end_, std::memory_order_release); }

  // --- The consumer.
  // The oldest published record; null: there is none.
  const Record* front() noexcept;
  void pop() noexcept;  // front(), which is not null

  // --- Any thread: records that found no room.
  uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

 private:
  Record& at(uint64_t position) noexcept { return *reinterpret_cast<Record*>(&bytes_[position & mask_]); }

  struct alignas(kCacheLine) Line {
    std::byte bytes[kCacheLine];
  };
  std::unique_ptr<Line[]> memory_;
  std::byte* bytes_;
  uint64_t mask_;
  alignas(kCacheLine) uint64_t end_ = 0;  // the producer's
  uint64_t seen_ = 0;                     // what it knows of consumed_
  std::atomic<uint64_t> published_{0}, lost_{0};
  alignas(kCacheLine) std::atomic<uint64_t> consumed_{0};
};

}  // namespace steelyard::capture
