// steelyard-bench: times the datapath on memory or on devices, contestants in turn on the same packets.
#include <barrier>
#include <cstdio>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <rte_lcore.h>

#include "base/start_error.h"
#include "datapath/device.h"
#include "datapath/eal.h"
#include "datapath/latency.h"
#include "datapath/options.h"
#include "datapath/report.h"
#include "replay/pcap.h"
#include "steelyard_version.h"

using namespace steelyard;
using namespace steelyard::bench;

namespace {

struct Entrant {
  std::string_view name;
  std::unique_ptr<Contestant> contestant;
  std::vector<std::vector<Round>> rounds;
};

// One round of all workers at the same time; the first in this thread.
std::vector<Round> play(Contestant& contestant, unsigned workers) {
  std::vector<Round> rounds(workers);
  std::barrier start(workers);
  const auto body = [&](unsigned worker) {
    start.arrive_and_wait();
    rounds[worker] = contestant.round(worker);
  };
  std::vector<std::jthread> threads;
  for (unsigned w = 1; w < workers; ++w)
    threads.emplace_back([&body, w] {
      rte_thread_register();  // packet buffers by way of a cache, as on a worker's core
      pin_thread(w);
      body(w);
      rte_thread_unregister();
    });
  body(0);
  threads.clear();
  return rounds;
}

void progress(const std::string& what) {
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K{}", what);
}

// What all settings of a run share. Its parts are made in this order: reading captures needs no EAL, buffers
// do.
struct Ground {
  explicit Ground(const Options& options) {
    if (!options.pcap.empty()) {
      captures = read_captures(options.pcap);
      captures->map = options.map;
      captures->servers = options.map_servers;
      captures->copies = options.multiply;
    }
    const std::size_t longest = std::max<std::size_t>(kLongest, captures ? captures->longest() : 0);
    huge_pages = start_eal(
        {options.huge_pages,
         BufferPool::bytes(longest) + (options.devices.empty() ? 0 : Devices::buffer_bytes(options.devices)),
         Devices::for_eal(options.devices)});
    buffers.emplace(longest);
    if (!options.devices.empty()) devices.emplace(options.devices);
  }
  std::optional<Captures> captures;
  bool huge_pages = false;
  std::optional<BufferPool> buffers;
  std::optional<Devices> devices;
};

std::vector<Setting> settings(const Options& options, const Ground& ground) {
  std::vector<Setting> list;
  for (const unsigned workers : options.workers)
    for (const uint32_t flows : options.flows) {
      Setting s{flows,         workers,       options.affinity, ground.huge_pages,
                options.order, options.sizes, options.ratio};
      s.round_packets = options.round_packets;
      s.captures = ground.captures ? &*ground.captures : nullptr;
      s.one_port = options.devices.size() == 1;
      list.push_back(s);
      if (ground.captures) break;
    }
  return list;
}

std::vector<Result> run(const Options& options, const Setting& setting, const Ground& ground,
                        const std::string& where) {
  Arena arena(setting, *ground.buffers);
  std::vector<Entrant> entrants;
  for (const ContestantKind& kind : contestants())
    if (std::ranges::find(options.contestants, kind.name) != options.contestants.end()) {
      progress(fmt::format("{}: opening connections, checking {}", where, kind.name));
      entrants.push_back(
          {kind.name,
           ground.devices ? make_on_devices(kind.name, arena, *ground.devices) : kind.make(arena),
           {}});
      entrants.back().contestant->check();
    }
  for (unsigned round = 0; round <= options.rounds; ++round)
    for (Entrant& e : entrants) {
      progress(fmt::format("{}: round {} of {}, {}", where, round, options.rounds, e.name));
      std::vector<Round> rounds = play(*e.contestant, setting.workers);
      if (round > 0) e.rounds.push_back(std::move(rounds));  // the first warms up
      e.contestant->between();
    }
  progress("");
  Setting played = setting;
  if (setting.captures != nullptr) played.flows = arena.established().flows();
  std::vector<Result> results;
  for (const Entrant& e : entrants)
    results.push_back(summarise(std::string(e.name), played, e.rounds, e.contestant->facts()));
  return results;
}

template <class Results>
void give(const Options& options, const Results& results) {
  fmt::print("{}", table(results));
  if (options.json.empty()) return;
  std::ofstream file(options.json);
  file << json(results);
  if (!file.flush()) throw StartError(fmt::format("{} can't be written", options.json));
}

void compare(const Options& options, const Ground& ground) {
  std::vector<Result> results;
  const auto all = settings(options, ground);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string what = all[i].captures != nullptr
                                 ? fmt::format("{} packets of captures, {} times",
                                               all[i].captures->frames.size(), all[i].captures->copies)
                                 : fmt::format("{} flows", all[i].flows);
    const std::string where =
        fmt::format("[{}/{}] {}, {} worker(s)", i + 1, all.size(), what, all[i].workers);
    for (Result& r : run(options, all[i], ground, where)) results.push_back(std::move(r));
  }
  give(options, results);
}

void time_batches(const Options& options, const Ground& ground) {
  std::vector<Latency> results;
  for (const Setting& s : settings(options, ground)) {
    const auto told = [&](double share) {
      progress(fmt::format("{} flows: {:.0f} % of {} batches", s.flows, 100 * share, options.latency));
    };
    for (Latency& l : measure_latency(s, *ground.buffers, options.latency, told))
      results.push_back(std::move(l));
  }
  progress("");
  give(options, results);
}

// The first setting's packets, each once.
void write_traffic(const Options& options, const Ground& ground) {
  Arena arena(settings(options, ground).front(), *ground.buffers);
  std::vector<replay::PcapWriter> files;
  for (const std::string& f : options.write) files.emplace_back(f);
  MemoryNic nic(*ground.buffers, kOwnMacs, {kGatewayMac, server_mac(0)});
  arena.established().load(nic, 0, false);
  rte_mbuf* packets[kBatchSize];
  int64_t ns = 0;
  while (const uint16_t n = nic.receive(packets, kBatchSize)) {
    for (const rte_mbuf* m : std::span(packets, n))
      files[m->port % files.size()].write(ns += 1000, {rte_pktmbuf_mtod(m, const uint8_t*), m->data_len});
    nic.free(packets, n);
  }
  for (replay::PcapWriter& f : files) f.close();
}

void go(const Options& options) {
  const Ground ground(options);
  if (!options.write.empty())
    write_traffic(options, ground);
  else if (options.latency > 0)
    time_batches(options, ground);
  else
    compare(options, ground);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    if (options.help) return fmt::print("{}", help_text()), 0;
    if (options.version) return fmt::print("steelyard-bench " STEELYARD_VERSION "\n"), 0;
    go(options);
    return 0;
  } catch (const UsageError& e) {
    fmt::print(stderr, "steelyard-bench: {}; see steelyard-bench --help\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "\nsteelyard-bench: {}\n", e.what());
    return 1;
  }
}
