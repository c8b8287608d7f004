#include "datapath/device.h"

#include <fmt/format.h>
#include <rte_cycles.h>

#include "base/start_error.h"
#include "datapath/check.h"
#include "datapath/turns.h"

namespace steelyard::bench {
namespace {

constexpr uint64_t kChecked = 1 << 20;  // packets before the clock
constexpr unsigned kPatience = 5;       // seconds without a packet

class OnDevices : public Contestant {
 public:
  OnDevices(std::string_view name, Arena& arena, const Devices& devices)
      : name_(name),
        arena_(arena),
        source_(arena.buffers(), kOwnMacs, {kGatewayMac, server_mac(0)}),
        io_(devices, source_) {
    arena.established().load(source_, 0, true);
  }
  void check() override { timed(kChecked); }
  Round round(unsigned) override { return timed(arena_.setting().round_packets); }

 protected:
  virtual uint16_t turn() noexcept = 0;
  // Turns until so many packets have come.
  virtual Round timed(uint64_t packets) {
    const Stopwatch watch;
    uint64_t done = 0, empty_since = 0;
    while (done < packets) {
      const uint16_t n = turn();
      done += n;
      if (n != 0)
        empty_since = 0;
      else if (empty_since == 0)
        empty_since = rte_rdtsc();
      else if (rte_rdtsc() - empty_since > kPatience * rte_get_tsc_hz())
        throw StartError(fmt::format("{}: no packet came from the device for {} seconds", name_, kPatience));
    }
    return watch.stop(done);
  }
  std::string name_;
  Arena& arena_;
  MemoryNic source_;
  DeviceIo io_;
};

class Source : public OnDevices {
  using OnDevices::OnDevices;
  uint16_t turn() noexcept override { return source_turn(io_); }
};

class Macswap : public OnDevices {
  using OnDevices::OnDevices;
  uint16_t turn() noexcept override { return macswap_turn(io_); }
};

class Nat : public OnDevices {
 public:
  Nat(std::string_view name, Arena& arena, const Devices& devices)
      : OnDevices(name, arena, devices),
        rig_(arena.established().rig()),
        worker_(0, io_, rig_.director().shared(), rig_.director().counters(0), rig_.director().limits()) {}

  // First on memory, then on what the devices bring: made-up packets are known by their sequence number.
  void check() override {
    arena_.established().check(0);
    std::optional<Checker> checker;
    if (arena_.setting().captures == nullptr) {
      checker.emplace(arena_.established().server_of(), arena_.setting().one_port);
      io_.observe([&](uint8_t port, std::span<rte_mbuf* const> packets) { checker->look(port, packets); });
    }
    const auto before = rig_.director().packets();
    timed(kChecked);
    io_.observe({});
    const auto after = rig_.director().packets();
    if (checker && !checker->wrong().empty()) throw WrongAnswer("nat: " + checker->wrong());
    received_ = after.received - before.received;
    forwarded_ = after.forwarded - before.forwarded;
    if (forwarded_ < received_)
      fmt::print(stderr, "\rsteelyard-bench: {} of {} packets of the device were forwarded: {}\n", forwarded_,
                 received_, rig_.fate());
  }
  void between() override {
    rig_.tick();
    const auto now = rig_.director().packets();
    if (now.received != now.forwarded + now.kernel + rig_.drops())
      throw WrongAnswer("nat: packets are not accounted for: " + rig_.fate());
  }
  Facts facts() const override {
    return {.huge_pages = rig_.on_huge_pages(),
            .forwarded = static_cast<double>(forwarded_) / static_cast<double>(received_)};
  }

 private:
  uint16_t turn() noexcept override { return worker_.turn(rig_.clock().now(rte_rdtsc())); }
  Round timed(uint64_t packets) override {
    rig_.director().grace().online(0);
    const Round round = OnDevices::timed(packets);
    rig_.director().grace().offline(0);
    return round;
  }
  Rig& rig_;
  Worker<DeviceIo> worker_;
  uint64_t received_ = 0, forwarded_ = 0;  // before the clock
};

}  // namespace

std::unique_ptr<Contestant> make_on_devices(std::string_view contestant, Arena& arena,
                                            const Devices& devices) {
  if (contestant == "source") return std::make_unique<Source>(contestant, arena, devices);
  if (contestant == "macswap") return std::make_unique<Macswap>(contestant, arena, devices);
  return std::make_unique<Nat>(contestant, arena, devices);
}

}  // namespace steelyard::bench
