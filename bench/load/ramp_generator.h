// Runs a ramp of connections: a step begins when all connections of the step before have ended.
#pragma once

#include "load/generator.h"
#include "load/ramp.h"

namespace steelyard::load {

class RampGenerator : public Generator {
 public:
  RampGenerator(MakeAttempt make, std::vector<boost::asio::ip::address> sources, Ramp ramp,
                Progress progress = {})
      : Generator(std::move(make), std::move(sources), std::move(progress)), ramp_(ramp) {}

  void start(std::function<void()> finished) override;
  void stop() override { stopped_ = true; }

 private:
  void next_step();
  void one_ended(const Result& result);

  Ramp ramp_;
  uint64_t opened_ = 0;
  uint32_t under_way_ = 0;
  bool stopped_ = false;
  std::function<void()> finished_;
};

}  // namespace steelyard::load
