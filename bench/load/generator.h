// Runs a ramp of connections: a step begins when all connections of the step before have ended.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include "load/attempt.h"
#include "load/ramp.h"
#include "load/tally.h"

namespace steelyard::load {

class Generator {
 public:
  // Called after each step.
  using Progress = std::function<void(const Step&, const Tally&)>;

  // `sources` are taken in turn; empty: the kernel chooses.
  Generator(boost::asio::io_context& io, const Target& target, std::vector<boost::asio::ip::address> sources,
            Ramp ramp, Progress progress);

  // Opens the first step's connections; `finished` is called when the ramp is through.
  void start(std::function<void()> finished);

  // No further step; the one under way ends by itself.
  void stop() noexcept { stopped_ = true; }

  const Tally& tally() const noexcept { return tally_; }
  std::chrono::nanoseconds elapsed() const noexcept { return ended_ - began_; }

 private:
  void next_step();
  void one_ended(const Result& result);

  boost::asio::io_context& io_;
  const Target& target_;
  std::vector<boost::asio::ip::address> sources_;
  std::size_t next_source_ = 0;
  Ramp ramp_;
  Step step_{};
  uint32_t under_way_ = 0;
  bool stopped_ = false;
  Progress progress_;
  std::function<void()> finished_;
  Tally tally_;
  std::chrono::steady_clock::time_point began_, ended_;
};

}  // namespace steelyard::load
