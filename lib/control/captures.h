// Live captures, as the control core starts and ends them. All functions are called by its thread alone;
// workers use what published() hands out.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/grace.h"
#include "capture/capture.h"

namespace steelyard::control {

// One moment of the clock that packets are stamped with and of the wall clock.
struct Moment {
  uint32_t us = 0;                   // Now::us
  std::chrono::microseconds wall{};  // since 1970
};
using MomentClock = std::function<Moment()>;
inline std::chrono::microseconds wall_clock() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

class Captures {
 public:
  Captures(GracePeriods& grace, unsigned workers) : grace_(grace), workers_(workers) {}
  ~Captures();  // no worker runs any more, and no Running is left
  Captures(const Captures&) = delete;
  Captures& operator=(const Captures&) = delete;

  const capture::Published& published() const noexcept { return published_; }

  // A capture that runs as long as this object lives.
  class Running {
   public:
    Running(Captures& captures, capture::Capture& capture) : captures_(captures), capture_(capture) {}
    ~Running() { captures_.end(capture_); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    capture::Capture* operator->() const noexcept { return &capture_; }

   private:
    Captures& captures_;
    capture::Capture& capture_;
  };
  // Null: there are capture::kMostCaptures.
  std::unique_ptr<Running> begin(const capture::Filter& filter);

  bool any() const noexcept { return !captures_.empty(); }
  // A frame that the control core sends by a port, in all captures that it concerns.
  void sent(uint8_t port, std::span<const uint8_t> frame, const Packet& as, uint32_t us) noexcept;

  // Now and then: frees captures that workers can't see any more.
  void reclaim();

 private:
  void end(const capture::Capture& capture);
  void publish();

  GracePeriods& grace_;
  unsigned workers_;
  capture::Published published_{nullptr};
  std::vector<std::unique_ptr<capture::Capture>> captures_;
  struct Retired {
    GracePeriods::Token token;
    std::unique_ptr<const capture::Active> active;
    std::unique_ptr<capture::Capture> capture;  // null: only the list of them was replaced
  };
  std::deque<Retired> retired_;
};

}  // namespace steelyard::control
