#include "load/ramp_generator.h"

namespace steelyard::load {

void RampGenerator::start(std::function<void()> finished) {
  finished_ = std::move(finished);
  began_ = ended_ = std::chrono::steady_clock::now();
  next_step();
}

void RampGenerator::next_step() {
  const std::optional<Step> step = stopped_ ? std::nullopt : ramp_.next();
  if (!step) return finished_();
  under_way_ = step->users;
  for (uint32_t i = 0; i < step->users; ++i)
    open(++opened_, {[this](const Result& result) { one_ended(result); }, [] {}});
}

void RampGenerator::one_ended(const Result& result) {
  tally_.add(result);
  if (--under_way_ > 0) return;
  ended_ = std::chrono::steady_clock::now();
  if (progress_) progress_(tally_);
  next_step();
}

}  // namespace steelyard::load
