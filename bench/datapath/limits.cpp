// The contestants that show the harness's own cost: `source` and `macswap`.
#include <fmt/format.h>

#include "datapath/contestant.h"

namespace steelyard::bench {
namespace {

// One NIC for each worker, without a director behind it.
class Bare : public Contestant {
 public:
  explicit Bare(Stage& stage) : packets_(stage.setting().round_packets) {
    for (unsigned w = 0; w < stage.setting().workers; ++w) {
      nics_.push_back(
          std::make_unique<MemoryNic>(stage.buffers(), kOwnMacs, std::array{kGatewayMac, server_mac(0)}));
      nics_.back()->load(stage.traffic(w), true);
    }
  }

 protected:
  template <class Turn>
  Round timed(unsigned worker, Turn turn) {
    MemoryNic& nic = *nics_[worker];
    const Stopwatch watch;
    uint64_t done = 0;
    while (done < packets_) done += turn(nic);
    return watch.stop(done);
  }
  std::vector<std::unique_ptr<MemoryNic>> nics_;
  uint64_t packets_;
};

class Source : public Bare {
 public:
  using Bare::Bare;
  Round round(unsigned worker) override {
    return timed(worker, [](MemoryNic& nic) {
      rte_mbuf* batch[kBatchSize];
      const uint16_t n = nic.receive(batch, kBatchSize);
      nic.free(batch, n);
      return n;
    });
  }
};

uint16_t swap_batch(MemoryNic& nic) {
  rte_mbuf* batch[kBatchSize];
  const uint16_t n = nic.receive(batch, kBatchSize);
  for (uint16_t i = 0; i < n; ++i) {
    auto& ethernet = *rte_pktmbuf_mtod(batch[i], EthernetHeader*);
    std::swap(ethernet.source, ethernet.destination);
  }
  nic.send(0, batch, n);
  return n;
}

class Macswap : public Bare {
 public:
  using Bare::Bare;
  void check() override {
    uint64_t seen = 0, wrong = 0;
    nics_[0]->observe([&](uint8_t, std::span<rte_mbuf* const> packets) {
      for (rte_mbuf* m : packets) {
        const auto& ethernet = *rte_pktmbuf_mtod(m, const EthernetHeader*);
        wrong += ethernet.source != kOwnMacs[m->port].bytes;
        ++seen;
      }
    });
    for (int i = 0; i < 100; ++i) swap_batch(*nics_[0]);
    nics_[0]->observe({});
    if (seen == 0 || wrong != 0)
      throw WrongAnswer(fmt::format("macswap: {} of {} frames are wrong", wrong, seen));
  }
  Round round(unsigned worker) override { return timed(worker, swap_batch); }
};

}  // namespace

std::unique_ptr<Contestant> make_source(Stage& stage) { return std::make_unique<Source>(stage); }
std::unique_ptr<Contestant> make_macswap(Stage& stage) { return std::make_unique<Macswap>(stage); }

}  // namespace steelyard::bench
