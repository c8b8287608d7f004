// steelyard-bench: times the datapath on memory, contestants in turn on the same packets.
#include <barrier>
#include <cstdio>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <rte_lcore.h>

#include "base/start_error.h"
#include "datapath/eal.h"
#include "datapath/options.h"
#include "datapath/report.h"
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

std::vector<Result> run(const Options& options, const Setting& setting, const BufferPool& buffers) {
  Stage stage(setting, buffers);
  std::vector<Entrant> entrants;
  for (const ContestantKind& kind : contestants())
    if (std::ranges::find(options.contestants, kind.name) != options.contestants.end()) {
      progress(fmt::format("{} flows: checking {}", setting.flows, kind.name));
      entrants.push_back({kind.name, kind.make(stage), {}});
      entrants.back().contestant->check();
    }
  for (unsigned round = 0; round <= options.rounds; ++round)
    for (Entrant& e : entrants) {
      progress(fmt::format("{} flows, {} worker(s): round {} of {}, {}", setting.flows, setting.workers,
                           round, options.rounds, e.name));
      std::vector<Round> rounds = play(*e.contestant, setting.workers);
      if (round > 0) e.rounds.push_back(std::move(rounds));  // the first warms up
      e.contestant->between();
    }
  progress("");
  std::vector<Result> results;
  for (const Entrant& e : entrants)
    results.push_back(summarise(std::string(e.name), setting, e.rounds, e.contestant->facts()));
  return results;
}

int compare(const Options& options) {
  const bool huge_pages = start_eal(options.huge_pages);
  const BufferPool buffers;
  std::vector<Result> results;
  for (const unsigned workers : options.workers)
    for (const uint32_t flows : options.flows) {
      const Setting setting{flows,         workers,       options.affinity,     huge_pages,
                            options.order, options.sizes, options.round_packets};
      for (Result& r : run(options, setting, buffers)) {
        results.push_back(std::move(r));
      }
    }
  fmt::print("{}", table(results));
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << json(results);
    if (!file.flush()) throw StartError(fmt::format("{} can't be written", options.json));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    if (options.help) return fmt::print("{}", help_text()), 0;
    if (options.version) return fmt::print("steelyard-bench " STEELYARD_VERSION "\n"), 0;
    return compare(options);
  } catch (const UsageError& e) {
    fmt::print(stderr, "steelyard-bench: {}; see steelyard-bench --help\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "\nsteelyard-bench: {}\n", e.what());
    return 1;
  }
}
