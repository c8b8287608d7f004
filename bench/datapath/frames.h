// Frames of captures for the memory NIC. A packet to come is 24 bytes that name a frame and what differs in
// this copy of it, so that a small capture makes many flows without filling memory and caches.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/types.h"
#include "net/headers.h"

namespace steelyard::bench {

struct FrameSpec {
  uint32_t frame = 0;  // of a FrameStore
  Ipv4 source{}, destination{};
  Port source_port{}, destination_port{};
  uint16_t ip_checksum = 0, l4_checksum = 0;
  uint8_t port = 0;  // that it comes in by
  bool readdressed =
      false;         // endpoints and checksums are to be written; else they stand in the frame already
  uint8_t sent = 0;  // packets that leave for it
};
static_assert(sizeof(FrameSpec) == 24);

// Filled by one thread, then read by all.
class FrameStore {
 public:
  // Keeps a copy. At most 65535 bytes.
  uint32_t add(std::span<const uint8_t> bytes);
  // What it takes to make `placed` of a frame kept here: the same bytes but for endpoints and checksums. Else
  // `placed` is kept, too.
  FrameSpec spec(uint32_t frame, std::span<const uint8_t> placed, uint8_t port);

  std::span<const uint8_t> bytes(uint32_t frame) const noexcept {
    return {bytes_.data() + frames_[frame].at, frames_[frame].length};
  }
  std::size_t memory_bytes() const noexcept { return bytes_.size() + frames_.size() * sizeof(Frame); }

  // Writes the packet to `to`, which has room for it. Returns its length.
  uint16_t write(const FrameSpec& s, uint8_t* to) const noexcept {
    const Frame& f = frames_[s.frame];
    std::memcpy(to, bytes_.data() + f.at, f.length);
    if (s.readdressed) {
      auto& ip = *reinterpret_cast<Ipv4Header*>(to + f.ip);
      ip.checksum = s.ip_checksum;
      ip.source = s.source.be;
      ip.destination = s.destination.be;
      std::memcpy(to + f.l4, &s.source_port, 2);
      std::memcpy(to + f.l4 + 2, &s.destination_port, 2);
      std::memcpy(to + f.checksum, &s.l4_checksum, 2);
    }
    return f.length;
  }

 private:
  struct Frame {
    uint64_t at = 0;
    uint16_t length = 0;
    // Of a whole TCP or UDP packet, else 0: where its headers and the checksum of the inner one stand.
    uint8_t ip = 0, l4 = 0, checksum = 0;
  };
  std::vector<uint8_t> bytes_;
  std::vector<Frame> frames_;
};

}  // namespace steelyard::bench
