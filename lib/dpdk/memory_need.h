// How much memory a configuration takes, and whether it is there: pure functions on what was read before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace steelyard::dpdk {

// In bytes.
struct MemoryNeed {
  uint32_t connections = 0;
  uint64_t table = 0;  // of the connection table
  uint64_t buffers =
      0;  // of the packet buffers, at least; or what `-m` or `--socket-mem` take, if that is more
};

// Huge pages of one size.
struct HugePages {
  uint64_t size = 0;   // of a page, bytes
  uint64_t total = 0;  // in the pool
  uint64_t free = 0;   // that nobody has or was promised, and those that the kernel may add (overcommit)
};

// All sizes of this machine, the smallest first.
std::vector<HugePages> read_huge_pages(const std::filesystem::path& sys = "/sys");

// What is wrong and the command that mends it; nothing if they suffice. The table takes pages of one size,
// the packet buffers any.
std::optional<std::string> huge_page_problem(std::span<const HugePages> pages, const MemoryNeed& need);

// The same with --no-huge. `limit`: the EAL's memory, in MB (`-m`); `available`: bytes that the machine has
// left.
std::optional<std::string> plain_memory_problem(uint64_t limit, uint64_t available, const MemoryNeed& need);

// MemAvailable of /proc/meminfo in bytes; nothing if it isn't told.
std::optional<uint64_t> read_available(const std::filesystem::path& proc = "/proc");

// MB that the EAL's own arguments ask for, by -m, --socket-mem or --numa-mem; nothing if they don't.
std::optional<uint64_t> eal_megabytes(std::span<const std::string> arguments);

}  // namespace steelyard::dpdk
