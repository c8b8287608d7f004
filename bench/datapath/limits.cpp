// The contestants that show the harness's own cost: `source` and `macswap`.
#include <fmt/format.h>

#include "datapath/contestant.h"
#include "datapath/turns.h"

namespace steelyard::bench {
namespace {

// One NIC for each worker, without a director behind it.
class Bare : public Contestant {
 public:
  explicit Bare(Arena& arena) : arena_(arena), packets_(arena.setting().round_packets) {
    for (unsigned w = 0; w < arena.setting().workers; ++w) {
      nics_.push_back(
          std::make_unique<MemoryNic>(arena.buffers(), kOwnMacs, std::array{kGatewayMac, server_mac(0)}));
      arena.established().load(*nics_.back(), w, true);
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
  Arena& arena_;
  std::vector<std::unique_ptr<MemoryNic>> nics_;
  uint64_t packets_;
};

class Source : public Bare {
 public:
  using Bare::Bare;
  Round round(unsigned worker) override { return timed(worker, source_turn<MemoryNic>); }
};

class Macswap : public Bare {
 public:
  using Bare::Bare;
  void check() override {
    uint64_t seen = 0, wrong = 0;
    MemoryNic received(arena_.buffers(), kOwnMacs, {kGatewayMac, server_mac(0)});
    arena_.established().load(received, 0, true);
    rte_mbuf* as_received = nullptr;
    nics_[0]->observe([&](uint8_t, std::span<rte_mbuf* const> packets) {
      for (rte_mbuf* m : packets) {
        received.receive(&as_received, 1);
        const bool whole = m->data_len >= sizeof(EthernetHeader);
        const auto& was = *rte_pktmbuf_mtod(as_received, const EthernetHeader*);
        const auto& is = *rte_pktmbuf_mtod(m, const EthernetHeader*);
        wrong += whole && (is.source != was.destination || is.destination != was.source);
        received.free(&as_received, 1);
        ++seen;
      }
    });
    for (int i = 0; i < 100; ++i) macswap_turn(*nics_[0]);
    nics_[0]->observe({});
    if (seen == 0 || wrong != 0)
      throw WrongAnswer(fmt::format("macswap: {} of {} frames are wrong", wrong, seen));
  }
  Round round(unsigned worker) override { return timed(worker, macswap_turn<MemoryNic>); }
};

}  // namespace

std::unique_ptr<Contestant> make_source(Arena& arena) { return std::make_unique<Source>(arena); }
std::unique_ptr<Contestant> make_macswap(Arena& arena) { return std::make_unique<Macswap>(arena); }

}  // namespace steelyard::bench
