#include "replay/eal.h"

#include <sched.h>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <rte_config.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

namespace steelyard::replay {

namespace {

// "(0)@(0,1,5)": lcore 0 floats over every CPU that this process may use.
std::string floating_lcore() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return "(0)@(0)";
  std::string cpus;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus += (cpus.empty() ? "" : ",") + std::to_string(cpu);
  return fmt::format("(0)@({})", cpus);
}

}  // namespace

void start_private_eal(unsigned megabytes) {
  if (rte_lcore_count() > 0) return;  // started before
  std::vector<std::string> words = {"steelyard",
                                    "--no-huge",
                                    "--no-pci",
                                    "--no-telemetry",
                                    "--no-shconf",
                                    "-m",
                                    std::to_string(megabytes),
                                    "--log-level=error",
                                    "--lcores",
                                    floating_lcore()};
  std::vector<char*> arguments;
  for (std::string& w : words) arguments.push_back(w.data());
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0) return;
  throw StartError(fmt::format("cannot initialise DPDK's EAL: {}", rte_strerror(rte_errno)));
}

}  // namespace steelyard::replay
