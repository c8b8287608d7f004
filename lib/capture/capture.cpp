#include "capture/capture.h"

#include <algorithm>
#include <cstring>

namespace steelyard::capture {

const Record* Capture::front(std::size_t& ring) noexcept {
  const Record* oldest = nullptr;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const Record* r = rings_[i]->front();
    if (r == nullptr || (oldest != nullptr && static_cast<int32_t>(r->us - oldest->us) >= 0)) continue;
    oldest = r;
    ring = i;
  }
  return oldest;
}

uint64_t Capture::lost() const noexcept {
  uint64_t sum = 0;
  for (const auto& ring : rings_) sum += ring->lost();
  return sum;
}

void record_sent(Capture& capture, unsigned thread, uint8_t port, std::span<const uint8_t> frame,
                 uint32_t us) noexcept {
  Ring& ring = capture.ring(thread);
  Record* r = ring.append(std::min(static_cast<uint32_t>(frame.size()), capture.filter().snaplen));
  if (r == nullptr) return;
  r->way = Way::out;
  r->port = port;
  r->us = us;
  r->wire_length = static_cast<uint32_t>(frame.size());
  std::memcpy(r->bytes(), frame.data(), r->captured);
  ring.publish();
}

}  // namespace steelyard::capture
