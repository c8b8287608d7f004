#include "datapath/established.h"

#include <chrono>

#include <fmt/format.h>

#include "datapath/check.h"

namespace steelyard::bench {
namespace {

constexpr std::size_t kMostChecked = 4'000'000;

class MadeUp : public Established {
 public:
  MadeUp(const Setting& setting, const BufferPool& buffers) : one_port_(setting.one_port) {
    rig_ = std::make_unique<Rig>(
        Rig::Options{setting.flows, setting.workers, setting.huge_pages, setting.one_port}, buffers);
    flows_ = setting.flows;
    const auto begin = std::chrono::steady_clock::now();
    server_of_ = rig_->open(setting.flows);
    seconds_to_open_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    check_balance(server_of_);
    std::vector<Spec> all =
        established_traffic(server_of_, setting.order, setting.sizes, setting.ratio, kMostTraffic, 1);
    if (setting.one_port) to_one_port(all);
    for (unsigned w = 0; w < setting.workers; ++w)
      traffic_.push_back(setting.workers == 1 ? std::move(all)
                                              : share_of(all, w, setting.workers, setting.affinity));
  }

  void load(MemoryNic& nic, unsigned worker, bool loop) const override { nic.load(traffic_[worker], loop); }
  std::size_t packets(unsigned worker) const override { return traffic_[worker].size(); }

  std::span<const uint8_t> server_of() const noexcept override { return server_of_; }

  void check(unsigned worker) override {
    Checker checker(server_of_, one_port_);
    const std::span<const Spec> traffic = traffic_[worker];
    const auto checked = traffic.first(std::min(traffic.size(), kMostChecked));
    MemoryNic& nic = rig_->nic(worker);
    nic.observe([&](uint8_t port, std::span<rte_mbuf* const> packets) { checker.look(port, packets); });
    nic.load(checked, false);
    rig_->run(worker, checked.size());
    nic.observe({});
    if (!checker.wrong().empty()) throw WrongAnswer("nat: " + checker.wrong());
    if (checker.seen() != checked.size())
      throw WrongAnswer(fmt::format("nat: {} of {} packets came through ({})", checker.seen(), checked.size(),
                                    rig_->fate()));
  }
  uint64_t sent_for(unsigned, std::size_t, uint64_t n) const override { return n; }

 private:
  bool one_port_;
  std::vector<uint8_t> server_of_;
  std::vector<std::vector<Spec>> traffic_;  // by worker
};

}  // namespace

std::unique_ptr<Established> establish_made_up(const Setting& setting, const BufferPool& buffers) {
  return std::make_unique<MadeUp>(setting, buffers);
}

}  // namespace steelyard::bench
