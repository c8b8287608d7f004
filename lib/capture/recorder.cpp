#include "capture/recorder.h"

#include <algorithm>
#include <cstring>

#include <rte_mbuf.h>

namespace steelyard::capture {
namespace {

// What can happen to a packet after track().
constexpr Reasons kLate = [] {
  Reasons late = bit(DropReason::transmit_full) | bit(DropReason::kernel_ring_full) |
                 bit(DropReason::no_next_hop) | bit(DropReason::fragmentation_failed);
  for (std::size_t c = 0; c < kKernelClasses; ++c) late |= bit(rate_drop(static_cast<KernelClass>(c)));
  return late;
}();

// The first `n` bytes of a frame, which has so many.
void copy(const rte_mbuf& frame, uint8_t* to, uint32_t n) noexcept {
  for (const rte_mbuf* m = &frame; n > 0 && m != nullptr; m = m->next) {
    const uint32_t here = std::min<uint32_t>(m->data_len, n);
    std::memcpy(to, rte_pktmbuf_mtod(m, const uint8_t*), here);
    to += here;
    n -= here;
  }
}

constexpr uint8_t mask(unsigned c) noexcept { return static_cast<uint8_t>(1u << c); }

}  // namespace

Recorder::Recorder(const Active& active, unsigned thread, Batch& batch, uint32_t us) noexcept
    : active_(active), thread_(thread), batch_(batch), us_(us) {
  for (uint16_t i = 0; i < batch_.size; ++i) came(i);
}

void Recorder::came(uint16_t i) noexcept {
  const Packet& p = batch_.packets[i];
  mbufs_[i] = p.mbuf;
  for (unsigned c = 0; c < active_.size; ++c) {
    const Filter& filter = capture(c).filter();
    came_[i][c] = nullptr;
    if (!concerns(filter, p)) continue;
    if (filter.drops == 0) {
      followed_[i] |= mask(c);
      came_[i][c] = record(c, Way::in, p.in_port, *p.mbuf);
    } else if (p.verdict != Verdict::drop) {
      if ((filter.drops & kLate) != 0) watched_[i] |= mask(c);
    } else if ((filter.drops & bit(p.reason)) != 0) {
      came_[i][c] = record(c, Way::in, p.in_port, *p.mbuf);
    }
  }
  if (watched_[i] == 0) return;
  Head& head = heads_[i];
  head.wire_length = p.mbuf->pkt_len;
  head.captured = std::min(kHead, head.wire_length);
  copy(*p.mbuf, head.bytes.data(), head.captured);
}

Record* Recorder::record(unsigned c, Way way, uint8_t port, const rte_mbuf& frame) noexcept {
  Record* r = ring(c).append(std::min(frame.pkt_len, capture(c).filter().snaplen));
  if (r == nullptr) return nullptr;
  r->way = way;
  r->port = port;
  r->us = us_;
  r->wire_length = frame.pkt_len;
  copy(frame, r->bytes(), r->captured);
  return r;
}

// Packets mostly leave in the order in which they came. A fragment's payload is still in the buffer of its
// packet.
uint8_t Recorder::index_of(const rte_mbuf& packet) noexcept {
  const rte_mbuf* m = &packet;
  if (m->next != nullptr && RTE_MBUF_CLONED(m->next)) m = rte_mbuf_from_indirect(m->next);
  for (uint16_t i = 0; i < batch_.size; ++i, ++next_) {
    if (next_ >= batch_.size) next_ = 0;
    if (mbufs_[next_] == m) return next_;
  }
  return kStranger;
}

void Recorder::leaving(uint8_t port, rte_mbuf* const* packets, uint16_t n) noexcept {
  n_leaving_ = n;
  for (uint16_t k = 0; k < n; ++k) {
    for (unsigned c = 0; c < active_.size; ++c) ends_[k][c] = ring(c).end();
    const uint8_t i = leaving_[k] = index_of(*packets[k]);
    if (i == kStranger) continue;
    for (unsigned c = 0; c < active_.size; ++c)
      if ((followed_[i] & mask(c)) != 0) record(c, Way::out, port, *packets[k]);
  }
}

void Recorder::left(uint16_t taken) noexcept {
  if (taken >= n_leaving_) [[likely]]
    return;
  for (unsigned c = 0; c < active_.size; ++c) ring(c).rewind(ends_[taken][c]);
  for (uint16_t k = taken; k < n_leaving_; ++k) {
    if (leaving_[k] == kStranger) continue;
    Packet& p = batch_.packets[leaving_[k]];
    if (p.verdict == Verdict::forward) p.drop(DropReason::transmit_full);
  }
}

void Recorder::record_head(unsigned c, uint16_t i) noexcept {
  const Head& head = heads_[i];
  Record* r = ring(c).append(std::min(head.captured, capture(c).filter().snaplen));
  if (r == nullptr) return;
  r->port = batch_.packets[i].in_port;
  r->us = us_;
  r->wire_length = head.wire_length;
  r->reason = batch_.packets[i].reason;
  std::memcpy(r->bytes(), head.bytes.data(), r->captured);
}

void Recorder::ended(uint16_t i) noexcept {
  const Packet& p = batch_.packets[i];
  if (p.verdict != Verdict::drop && p.verdict != Verdict::answer) return;
  for (unsigned c = 0; c < active_.size; ++c) {
    if (came_[i][c] != nullptr) came_[i][c]->reason = p.reason;
    const bool wanted = (watched_[i] & mask(c)) != 0 && (capture(c).filter().drops & bit(p.reason)) != 0;
    if (wanted) record_head(c, i);
  }
}

Recorder::~Recorder() {
  for (uint16_t i = 0; i < batch_.size; ++i) ended(i);
  for (unsigned c = 0; c < active_.size; ++c) ring(c).publish();
}

}  // namespace steelyard::capture
