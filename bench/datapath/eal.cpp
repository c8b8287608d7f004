#include "datapath/eal.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sched.h>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "base/start_error.h"

namespace steelyard::bench {
namespace {

constexpr std::size_t kLeastMegabytes = 128, kRoomMegabytes = 64;  // rings, tables of the EAL

cpu_set_t all_allowed() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);
  return set;
}
const cpu_set_t allowed = all_allowed();  // before anybody is pinned

std::size_t free_huge_megabytes() {
  std::ifstream file("/proc/meminfo");
  std::size_t pages = 0, kilobytes = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("HugePages_Free:")) pages = std::stoul(line.substr(15));
    if (line.starts_with("Hugepagesize:")) kilobytes = std::stoul(line.substr(13));
  }
  return pages * kilobytes / 1024;
}

}  // namespace

void pin_thread(unsigned n) noexcept {
  const auto count = static_cast<unsigned>(CPU_COUNT(&allowed));
  unsigned left = n % std::max(1u, count);
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || left-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
    return;
  }
}

bool start_eal(const EalOptions& options) {
  const std::size_t megabytes = std::max(kLeastMegabytes, (options.bytes >> 20) + kRoomMegabytes);
  const bool huge = options.huge_pages && free_huge_megabytes() >= megabytes;
  if (!huge)
    fmt::print(stderr, "steelyard-bench: on normal pages{}\n",
               options.huge_pages
                   ? fmt::format(": fewer than {} MB of huge pages are free for packet buffers "
                                 "(echo N > /proc/sys/vm/nr_hugepages)",
                                 megabytes)
                   : "");
  std::vector<std::string> words = {"steelyard-bench",
                                    "--no-telemetry",
                                    "--no-shconf",
                                    "--log-level=error",
                                    "-m",
                                    std::to_string(megabytes),
                                    huge ? "--in-memory" : "--no-huge"};
  bool pci = false;
  for (const std::string& d : options.devices) {
    const bool is_pci = d.starts_with("0000:") || std::isdigit(static_cast<unsigned char>(d.front())) != 0;
    pci = pci || is_pci;
    words.insert(words.end(), {is_pci ? "--allow" : "--vdev", d});
  }
  if (!pci) words.emplace_back("--no-pci");
  std::vector<char*> arguments;
  for (std::string& w : words) arguments.push_back(w.data());
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) < 0)
    throw StartError(fmt::format("cannot initialise DPDK's EAL: {}", rte_strerror(rte_errno)));
  pin_thread(0);
  return huge;
}

}  // namespace steelyard::bench
