#include "dpdk/eal.h"

#include <algorithm>
#include <sched.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_log.h>

#include "base/start_error.h"
#include "dpdk/captured_output.h"
#include "dpdk/device.h"

namespace steelyard::dpdk {
namespace {

// True if one of the options is among the arguments, as "--name", "--name=value" or "-x".
bool has(const std::vector<std::string>& args, std::initializer_list<std::string_view> options) {
  return std::any_of(args.begin(), args.end(), [&](const std::string& arg) {
    const std::string_view name = std::string_view(arg).substr(0, arg.find('='));
    return std::find(options.begin(), options.end(), name) != options.end();
  });
}

// Tried one by one: the affinity that the process was given says less, since under `isolcpus` it lacks the
// very cores that are meant for workers.
std::vector<unsigned> usable_cores() {
  cpu_set_t given;
  CPU_ZERO(&given);
  sched_getaffinity(0, sizeof given, &given);
  std::vector<unsigned> cores;
  for (unsigned c = 0; c < CPU_SETSIZE; ++c) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(c, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) cores.push_back(c);
  }
  sched_setaffinity(0, sizeof given, &given);
  return cores;
}

void add_pci(const config::Config& config, std::vector<std::string>& args) {
  bool any = false;
  for (const config::Port& port : config.ports) {
    const Device device = parse_device(port.device, port.name);
    if (device.kind != DeviceKind::pci) continue;
    any = true;
    args.insert(args.end(), {"-a", device.args.empty() ? device.name : device.name + "," + device.args});
  }
  if (any) return;
  args.push_back("--no-pci");
  // Nobody needs physical addresses, and by virtual ones the packet buffers are one area, as XDP sockets want
  // it.
  if (!has(config.director.eal, {"--iova-mode"})) args.push_back("--iova-mode=va");
}

}  // namespace

void check_cores(const config::Director& director) {
  const std::vector<unsigned> usable = usable_cores();
  std::vector<unsigned> wanted = director.worker_cores;
  wanted.push_back(director.control_core);
  for (const unsigned core : wanted)
    if (std::find(usable.begin(), usable.end(), core) == usable.end())
      throw StartError(
          fmt::format("core {} of control_core and worker_cores does not exist or may not be used: "
                      "name only cores that this process may use, which are {}",
                      core, fmt::join(usable, ", ")));
}

std::vector<std::string> eal_arguments(const config::Config& config) {
  const config::Director& director = config.director;
  std::vector<std::string> args{"steelyard", "--main-lcore=0"};
  std::string lcores = fmt::format("--lcores=0@{}", director.control_core);
  for (unsigned w = 0; w < director.worker_cores.size(); ++w)
    lcores += fmt::format(",{}@{}", lcore_of(w), director.worker_cores[w]);
  args.push_back(lcores);
  const bool no_huge = has(director.eal, {"--no-huge"});
  if (no_huge && !has(director.eal, {"-m", "--socket-mem", "--numa-mem"}))
    args.insert(args.end(), {"-m", std::to_string(kNoHugeMegabytes)});
  if (no_huge && !has(director.eal, {"--no-shconf"})) args.push_back("--no-shconf");
  if (!no_huge && !has(director.eal, {"--in-memory", "--file-prefix", "--huge-dir", "--legacy-mem"}))
    args.push_back("--in-memory");
  if (!has(director.eal, {"--file-prefix"}))
    args.push_back("--file-prefix=steelyard" + (director.instance.empty() ? "" : "-" + director.instance));
  if (!has(director.eal, {"--telemetry", "--no-telemetry"})) args.push_back("--no-telemetry");
  if (!has(director.eal, {"--log-level"})) args.push_back("--log-level=warning");
  if (!has(director.eal, {"-a", "--allow", "-b", "--block", "--no-pci"})) add_pci(config, args);
  args.insert(args.end(), director.eal.begin(), director.eal.end());
  return args;
}

struct Eal::Arguments {
  std::vector<std::string> words;
  std::vector<char*> pointers;
};

Eal::Eal(const config::Config& config) : arguments_(new Arguments) {
  check_cores(config.director);
  arguments_->words = eal_arguments(config);
  for (std::string& word : arguments_->words) arguments_->pointers.push_back(word.data());
  rte_openlog_stream(stderr);  // and not to syslog too
  CapturedOutput output;
  // The EAL reorders the array.
  if (rte_eal_init(static_cast<int>(arguments_->pointers.size()), arguments_->pointers.data()) < 0)
    throw StartError(fmt::format("the EAL does not start: {} (its arguments: {})", output.words(),
                                 fmt::join(arguments_->words, " ")));
}

Eal::~Eal() { rte_eal_cleanup(); }

uint64_t cycles_per_second() noexcept { return rte_get_tsc_hz(); }

}  // namespace steelyard::dpdk
