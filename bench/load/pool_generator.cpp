#include "load/pool_generator.h"

namespace steelyard::load {

void PoolGenerator::start(std::function<void()> finished) {
  finished_ = std::move(finished);
  began_ = ended_ = std::chrono::steady_clock::now();
  go_on();
}

void PoolGenerator::stop() {
  size_.connections = opened_;
  release();
}

void PoolGenerator::release() {
  released_ = true;
  go_on();
}

void PoolGenerator::go_on() {
  while (open_.size() - held_.size() < size_.at_once) {
    if (opened_ < size_.connections) {
      open_one();
    } else if (released_ && !held_.empty()) {
      open_.at(held_.extract(held_.begin()).value())->resume();
    } else {
      break;
    }
  }
  if (opened_ < size_.connections) return;
  if (open_.empty() && finished_) return std::exchange(finished_, nullptr)();
  if (told_ || held_.empty() || held_.size() < open_.size()) return;
  told_ = true;
  held_when_all_were_ = held_.size();
  if (all_held_) all_held_(held_.size());
}

void PoolGenerator::open_one() {
  const uint64_t number = ++opened_;
  Events events;
  events.done = [this, number](const Result& result) { one_ended(number, result); };
  events.held = [this, number] {
    held_.insert(number);
    go_on();
  };
  open_[number] = open(number, std::move(events));
}

void PoolGenerator::one_ended(uint64_t number, const Result& result) {
  tally_.add(result);
  ended_ = std::chrono::steady_clock::now();
  open_.erase(number);
  held_.erase(number);
  if (progress_) progress_(tally_);
  go_on();
}

}  // namespace steelyard::load
