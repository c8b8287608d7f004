#include "control/captures.h"

#include <algorithm>

namespace steelyard::control {

Captures::~Captures() { delete published_.load(std::memory_order_relaxed); }

std::unique_ptr<Captures::Running> Captures::begin(const capture::Filter& filter) {
  if (captures_.size() == capture::kMostCaptures) return nullptr;
  captures_.push_back(std::make_unique<capture::Capture>(filter, workers_ + 1));
  publish();
  return std::make_unique<Running>(*this, *captures_.back());
}

void Captures::end(const capture::Capture& capture) {
  const auto at = std::ranges::find(captures_, &capture, &std::unique_ptr<capture::Capture>::get);
  std::unique_ptr<capture::Capture> ended = std::move(*at);
  captures_.erase(at);
  publish();
  retired_.back().capture = std::move(ended);
}

void Captures::publish() {
  std::unique_ptr<capture::Active> next;
  if (any()) {
    next = std::make_unique<capture::Active>();
    for (const auto& capture : captures_) next->captures[next->size++] = capture.get();
  }
  std::unique_ptr<const capture::Active> old(published_.exchange(next.release(), std::memory_order_acq_rel));
  if (old != nullptr) retired_.push_back({grace_.start(), std::move(old), nullptr});
}

void Captures::reclaim() {
  while (!retired_.empty() && grace_.passed(retired_.front().token)) retired_.pop_front();
}

void Captures::sent(uint8_t port, std::span<const uint8_t> frame, const Packet& as, uint32_t us) noexcept {
  for (const auto& capture : captures_) {
    const capture::Filter& filter = capture->filter();
    if (filter.drops == 0 && concerns(filter, as)) record_sent(*capture, workers_, port, frame, us);
  }
}

}  // namespace steelyard::control
