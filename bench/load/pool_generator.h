// A number of connections, so many of them at a time: one is opened when another has ended. Connections that
// hold (HttpTarget::hold) give way to the next as soon as they are held; when all are, release() lets them go
// on, again so many at a time.
#pragma once

#include <map>
#include <set>

#include "load/generator.h"

namespace steelyard::load {

class PoolGenerator : public Generator {
 public:
  struct Size {
    uint64_t connections;
    uint64_t at_once;
  };
  // Told once, when nothing is left to open and connections are held.
  using AllHeld = std::function<void(uint64_t held)>;

  PoolGenerator(MakeAttempt make, std::vector<boost::asio::ip::address> sources, Size size,
                Progress progress = {}, AllHeld all_held = {})
      : Generator(std::move(make), std::move(sources), std::move(progress)),
        size_(size),
        all_held_(std::move(all_held)) {}

  void start(std::function<void()> finished) override;
  void stop() override;
  void release() override;
  uint64_t held() const noexcept override { return held_when_all_were_; }

 private:
  void go_on();
  void open_one();
  void one_ended(uint64_t number, const Result& result);

  Size size_;
  AllHeld all_held_;
  uint64_t opened_ = 0;
  std::map<uint64_t, std::shared_ptr<Attempt>> open_;  // by number
  std::set<uint64_t> held_;                            // of those, the numbers of the held ones
  uint64_t held_when_all_were_ = 0;
  bool told_ = false, released_ = false;
  std::function<void()> finished_;
};

}  // namespace steelyard::load
