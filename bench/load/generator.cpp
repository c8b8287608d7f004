#include "load/generator.h"

#include <memory>
#include <utility>

namespace steelyard::load {

Generator::Generator(boost::asio::io_context& io, const Target& target,
                     std::vector<boost::asio::ip::address> sources, Ramp ramp, Progress progress)
    : io_(io), target_(target), sources_(std::move(sources)), ramp_(ramp), progress_(std::move(progress)) {
  if (sources_.empty()) sources_.emplace_back();
}

void Generator::start(std::function<void()> finished) {
  finished_ = std::move(finished);
  began_ = ended_ = std::chrono::steady_clock::now();
  next_step();
}

void Generator::next_step() {
  const std::optional<Step> step = stopped_ ? std::nullopt : ramp_.next();
  if (!step) return finished_();
  step_ = *step;
  under_way_ = step_.users;
  for (uint32_t i = 0; i < step_.users; ++i) {
    const auto& source = sources_[next_source_];
    next_source_ = (next_source_ + 1) % sources_.size();
    std::make_shared<Attempt>(io_, target_, [this](const Result& result) {
      one_ended(result);
    })->start(source);
  }
}

void Generator::one_ended(const Result& result) {
  tally_.add(result);
  if (--under_way_ > 0) return;
  ended_ = std::chrono::steady_clock::now();
  if (progress_) progress_(step_, tally_);
  next_step();
}

}  // namespace steelyard::load
