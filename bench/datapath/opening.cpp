// The contestants that open connections: `connect` and `churn`. A round fills an empty table with all flows
// of the setting; between rounds, off the clock, they all expire.
#include <atomic>
#include <utility>

#include <fmt/format.h>

#include "datapath/check.h"
#include "datapath/contestant.h"

namespace steelyard::bench {
namespace {

constexpr uint32_t kPiece = 1 << 20;  // connections whose packets are made at a time, off the clock

// Plays the packets of flows [0, flows) through worker 0, or the part of each worker.
class Opening : public Contestant {
 public:
  Opening(Arena& arena, std::string name, unsigned packets_each)
      : arena_(arena),
        name_(std::move(name)),
        packets_each_(packets_each),
        workers_(arena.setting().workers),
        rig_({arena.setting().flows, workers_, arena.setting().huge_pages}, arena.buffers()),
        specs_(workers_) {}

  void check() override {
    // Picks go round and round, so the n-th connection's server is known.
    const uint32_t flows = std::min<uint32_t>(arena_.setting().flows, kPiece) / kServers * kServers;
    std::vector<uint8_t> server_of(flows);
    for (uint32_t f = 0; f < flows; ++f) server_of[f] = static_cast<uint8_t>(f % kServers);
    Checker checker(server_of);
    std::vector<Spec> specs;
    for (uint32_t f = 0; f < flows; f += step()) append(specs, f, std::min(f + step(), flows));
    rig_.nic(0).observe(
        [&](uint8_t port, std::span<rte_mbuf* const> packets) { checker.look(port, packets); });
    rig_.nic(0).load(specs, false);
    rig_.run_all();
    rig_.nic(0).observe({});
    if (!checker.wrong().empty()) throw WrongAnswer(name_ + ": " + checker.wrong());
    if (checker.seen() != specs.size())
      throw WrongAnswer(
          fmt::format("{}: {} of {} packets came through", name_, checker.seen(), specs.size()));
    if (rig_.director().table().size() != flows)
      throw WrongAnswer(fmt::format("{}: {} connections in the table, {} were opened", name_,
                                    rig_.director().table().size(), flows));
    rig_.clear();
    opened_ = connections();
    dropped_ = rig_.drops();
  }

  // A worker's part: every workers-th connection.
  Round round(unsigned worker) override {
    Round sum;
    const uint32_t flows = usable_flows();
    const uint32_t part = flows / workers_;
    std::vector<Spec>& specs = specs_[worker];
    for (uint32_t first = worker * part; first < (worker + 1) * part; first += kPiece) {
      specs.clear();
      const uint32_t end = std::min(first + kPiece, (worker + 1) * part);
      for (uint32_t f = first; f < end; f += step()) append(specs, f, std::min(f + step(), end));
      rig_.nic(worker).load(specs, false);
      const Stopwatch watch;
      const uint64_t done = rig_.run(worker, specs.size());
      sum += watch.stop(done);
    }
    return sum;
  }

  void between() override {
    const uint64_t expected = usable_flows() / workers_ * workers_;
    const uint64_t opened = connections() - std::exchange(opened_, connections());
    if (opened != expected || rig_.drops() != dropped_)
      throw WrongAnswer(fmt::format("{}: {} of {} connections were opened, {} packets dropped", name_, opened,
                                    expected, rig_.drops() - dropped_));
    if (rig_.director().table().size() != expected)
      throw WrongAnswer(fmt::format("{}: the table holds {} of {} connections", name_,
                                    rig_.director().table().size(), expected));
    rig_.clear();
  }

  Facts facts() const override {
    return {.opens_connections = true,
            .connections_a_packet = 1.0 / packets_each_,
            .bytes_per_connection = static_cast<double>(rig_.memory_bytes()) / arena_.setting().flows,
            .huge_pages = rig_.on_huge_pages()};
  }

 protected:
  // Connections whose packets are interleaved.
  virtual uint32_t step() const noexcept = 0;
  virtual void append(std::vector<Spec>& specs, uint32_t first, uint32_t end) const = 0;

 private:
  // Whole rounds of the schedule, so that the next round begins with the first server again.
  uint32_t usable_flows() const noexcept {
    return arena_.setting().flows / (kServers * workers_) * (kServers * workers_);
  }
  uint64_t connections() {
    uint64_t sum = 0;
    for (const auto& s : rig_.director().services()) sum += s.totals.connections;
    return sum;
  }
  Arena& arena_;
  std::string name_;
  unsigned packets_each_, workers_;
  Rig rig_;
  std::vector<std::vector<Spec>> specs_;
  uint64_t opened_ = 0, dropped_ = 0;
};

class Connect : public Opening {
 public:
  explicit Connect(Arena& arena) : Opening(arena, "connect", 1) {}

 private:
  uint32_t step() const noexcept override { return kPiece; }
  void append(std::vector<Spec>& specs, uint32_t first, uint32_t end) const override {
    for (uint32_t f = first; f < end; ++f) specs.push_back(from_client(f, kSyn));
  }
};

class Churn : public Opening {
 public:
  explicit Churn(Arena& arena) : Opening(arena, "churn", 8) {}

 private:
  uint32_t step() const noexcept override { return kChurnStep; }
  void append(std::vector<Spec>& specs, uint32_t first, uint32_t end) const override {
    append_churn(specs, first, end);
  }
};

}  // namespace

std::unique_ptr<Contestant> make_connect(Arena& arena) { return std::make_unique<Connect>(arena); }
std::unique_ptr<Contestant> make_churn(Arena& arena) { return std::make_unique<Churn>(arena); }

}  // namespace steelyard::bench
