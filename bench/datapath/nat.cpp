// The contestants on established connections: `nat`, and `miss`, whose packets find nothing.
#include <atomic>
#include <utility>

#include <fmt/format.h>

#include "datapath/contestant.h"

namespace steelyard::bench {
namespace {

class Nat : public Contestant {
 public:
  explicit Nat(Arena& arena) : arena_(arena), established_(arena.established()), rig_(established_.rig()) {}

  void check() override {
    for (unsigned w = 0; w < arena_.setting().workers; ++w) {
      established_.check(w);
      established_.load(rig_.nic(w), w, true);
    }
    expected_ = sent();
  }

  Round round(unsigned worker) override {
    began_[worker] = rig_.nic(worker).position();
    const Stopwatch watch;
    const uint64_t done = rig_.run(worker, arena_.setting().round_packets);
    const Round round = watch.stop(done);
    done_[worker] = done;
    return round;
  }

  void between() override {
    rig_.tick();
    for (unsigned w = 0; w < arena_.setting().workers; ++w)
      expected_ += established_.sent_for(w, began_[w], std::exchange(done_[w], 0));
    if (sent() != expected_)
      throw WrongAnswer(fmt::format("nat: {} of {} packets were sent", sent(), expected_));
  }

  Facts facts() const override {
    return {.bytes_per_connection = static_cast<double>(rig_.memory_bytes()) / established_.flows(),
            .seconds_to_open = established_.seconds_to_open(),
            .huge_pages = rig_.on_huge_pages()};
  }

 private:
  uint64_t sent() const noexcept {
    uint64_t sum = 0;
    for (unsigned w = 0; w < arena_.setting().workers; ++w) sum += rig_.nic(w).sent();
    return sum;
  }
  Arena& arena_;
  Established& established_;
  Rig& rig_;
  uint64_t expected_ = 0;
  std::array<std::size_t, kMostWorkers> began_{};  // by worker: the place of its first packet in this round,
  std::array<uint64_t, kMostWorkers> done_{};      // how many
};

// On the established table: clients' packets without SYN from endpoints that have no connection.
class Miss : public Contestant {
 public:
  explicit Miss(Arena& arena)
      : rig_({arena.setting().flows, arena.setting().workers, arena.setting().huge_pages}, arena.buffers()),
        arena_(arena) {
    rig_.open(arena.setting().flows);
    for (uint32_t i = 0; i < 1 << 20; ++i)
      specs_.push_back(from_client(arena.setting().flows + i * 37 % (1 << 20), kAck));
    for (unsigned w = 0; w < arena.setting().workers; ++w) rig_.nic(w).load(specs_, true);
    before_ = rig_.drops();
  }
  Round round(unsigned worker) override {
    const Stopwatch watch;
    const uint64_t done = rig_.run(worker, arena_.setting().round_packets);
    const Round round = watch.stop(done);
    done_ += done;
    return round;
  }
  void between() override {
    rig_.tick();
    const uint64_t dropped = rig_.director().drops()[static_cast<std::size_t>(DropReason::no_connection)];
    if (dropped != done_ || rig_.drops() != before_ + done_)
      throw WrongAnswer(
          fmt::format("miss: {} of {} packets were dropped as no_connection", dropped, done_.load()));
  }

 private:
  Rig rig_;
  Arena& arena_;
  std::vector<Spec> specs_;
  std::atomic<uint64_t> done_{0};
  uint64_t before_ = 0;
};

}  // namespace

std::unique_ptr<Contestant> make_nat(Arena& arena) { return std::make_unique<Nat>(arena); }
std::unique_ptr<Contestant> make_miss(Arena& arena) { return std::make_unique<Miss>(arena); }

}  // namespace steelyard::bench
