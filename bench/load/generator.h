// Opens the connections of a load and counts what becomes of each.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "load/attempt.h"
#include "load/tally.h"

namespace steelyard::load {

class Generator {
 public:
  // Called now and then: after each step of a ramp, after each connection of a pool.
  using Progress = std::function<void(const Tally&)>;

  virtual ~Generator() = default;

  // `finished` is called once, when all connections have ended.
  virtual void start(std::function<void()> finished) = 0;

  // No further connections; those under way end by themselves.
  virtual void stop() = 0;

  // Lets held connections go on.
  virtual void release() {}

  // Connections that were held when all had been opened.
  virtual uint64_t held() const noexcept { return 0; }

  const Tally& tally() const noexcept { return tally_; }
  std::chrono::nanoseconds elapsed() const noexcept { return ended_ - began_; }

 protected:
  // `sources` are taken in turn; empty: the kernel chooses.
  Generator(MakeAttempt make, std::vector<boost::asio::ip::address> sources, Progress progress)
      : progress_(std::move(progress)), make_(std::move(make)), sources_(std::move(sources)) {
    if (sources_.empty()) sources_.emplace_back();
  }

  // The attempt with this number, from 1 on, and its start.
  std::shared_ptr<Attempt> open(uint64_t number, Events events) {
    auto attempt = make_(number, std::move(events));
    attempt->start(sources_[(number - 1) % sources_.size()]);
    return attempt;
  }

  Progress progress_;
  Tally tally_;
  std::chrono::steady_clock::time_point began_, ended_;

 private:
  MakeAttempt make_;
  std::vector<boost::asio::ip::address> sources_;
};

}  // namespace steelyard::load
