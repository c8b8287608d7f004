#include "dpdk/memory_need.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

namespace steelyard::dpdk {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMB = uint64_t{1} << 20;
constexpr uint64_t kPage = 2 * kMB;
constexpr uint64_t kSpare = 16 * kMB;  // what else the EAL and the drivers take, roughly: for advice only

constexpr uint64_t divide_up(uint64_t n, uint64_t by) { return (n + by - 1) / by; }

uint64_t read_number(const fs::path& file) {
  std::ifstream in(file);
  uint64_t n = 0;
  return in >> n ? n : 0;
}

// Whether the table gets pages of one size, and what is then left is enough for the buffers.
bool suffice(std::span<const HugePages> pages, const MemoryNeed& need) {
  return std::ranges::any_of(pages, [&](const HugePages& chosen) {
    const uint64_t taken = divide_up(need.table, chosen.size);
    if (taken > chosen.free) return false;
    uint64_t left = 0;
    for (const HugePages& p : pages) left += (p.free - (&p == &chosen ? taken : 0)) * p.size;
    return left >= need.buffers;
  });
}

// "2 MB", "1 GB"
std::string size_text(uint64_t size) {
  return size >= 1024 * kMB ? fmt::format("{} GB", size / (1024 * kMB)) : fmt::format("{} MB", size / kMB);
}

std::string free_text(std::span<const HugePages> pages) {
  std::string text;
  for (const HugePages& p : pages)
    if (p.free > 0) text += fmt::format("{}{} of {}", text.empty() ? "" : " and ", p.free, size_text(p.size));
  return text;
}

}  // namespace

std::vector<HugePages> read_huge_pages(const fs::path& sys) {
  std::vector<HugePages> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(sys / "kernel/mm/hugepages", ignored)) {
    const fs::path& at = entry.path();
    uint64_t kilobytes = 0;
    const std::string name = at.filename().string();  // hugepages-2048kB
    const std::string_view digits = std::string_view(name).substr(std::min(name.size(), name.find('-') + 1));
    std::from_chars(digits.data(), digits.data() + digits.size(), kilobytes);
    if (kilobytes == 0) continue;
    const uint64_t free = read_number(at / "free_hugepages"), promised = read_number(at / "resv_hugepages");
    const uint64_t most = read_number(at / "nr_overcommit_hugepages"),
                   added = read_number(at / "surplus_hugepages");
    all.push_back({kilobytes << 10, read_number(at / "nr_hugepages"),
                   (free > promised ? free - promised : 0) + (most > added ? most - added : 0)});
  }
  std::ranges::sort(all, {}, &HugePages::size);
  return all;
}

std::optional<std::string> huge_page_problem(std::span<const HugePages> pages, const MemoryNeed& need) {
  if (suffice(pages, need)) return std::nullopt;
  const uint64_t table = divide_up(need.table, kPage), buffers = divide_up(need.buffers + kSpare, kPage);
  uint64_t total = 0, free = 0;
  for (const HugePages& p : pages)
    if (p.size == kPage) total = p.total, free = p.free;
  const std::string command =
      fmt::format("`sysctl vm.nr_hugepages={}`", total + table + buffers - std::min(free, table + buffers));
  const std::string needed =
      fmt::format("{} of 2 MB are needed, {} for {} connections and {} for packet buffers", table + buffers,
                  table, need.connections, buffers);
  const std::string there = free_text(pages);
  if (there.empty())
    return fmt::format(
        "there are no free huge pages, and {}: {}; or do without them by `eal: [\"--no-huge\"]`", needed,
        command);
  return fmt::format("there are too few free huge pages, {}, and {}: {}, or fewer `connections`", there,
                     needed, command);
}

std::optional<std::string> plain_memory_problem(uint64_t limit, uint64_t available, const MemoryNeed& need) {
  if (limit * kMB < need.buffers) {
    const uint64_t enough = divide_up(need.buffers + kSpare, 64 * kMB) * 64;
    return fmt::format(
        "the EAL may take {0} MB (`-m`), too few for the packet buffers: "
        "`eal: [\"--no-huge\", \"-m\", \"{1}\"]`",
        limit, enough);
  }
  if (available < need.table + need.buffers)
    return fmt::format(
        "there is too little memory: {} MB are needed for {} connections and {} MB for packet "
        "buffers, {} MB are left: fewer `connections`",
        divide_up(need.table, kMB), need.connections, divide_up(need.buffers, kMB), available / kMB);
  return std::nullopt;
}

std::optional<uint64_t> read_available(const fs::path& proc) {
  std::ifstream file(proc / "meminfo");
  for (std::string line; std::getline(file, line);) {
    uint64_t kilobytes = 0;
    if (std::sscanf(line.c_str(), "MemAvailable: %lu kB", &kilobytes) == 1) return kilobytes << 10;
  }
  return std::nullopt;
}

std::optional<uint64_t> eal_megabytes(std::span<const std::string> arguments) {
  std::optional<uint64_t> sum;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view arg = arguments[i], value;
    if (const std::size_t equals = arg.find('='); arg.starts_with("--") && equals != arg.npos) {
      value = arg.substr(equals + 1);
      arg = arg.substr(0, equals);
    } else if (arg.starts_with("-m") && arg.size() > 2) {  // -m512
      value = arg.substr(2);
      arg = "-m";
    } else if (i + 1 < arguments.size()) {
      value = arguments[i + 1];
    }
    if (arg != "-m" && arg != "--socket-mem" && arg != "--numa-mem") continue;
    sum = 0;
    while (!value.empty()) {  // one number for each memory node
      uint64_t n = 0;
      std::from_chars(value.data(), value.data() + value.size(), n);
      *sum += n;
      value.remove_prefix(std::min(value.size(), value.substr(0, value.find(',')).size() + 1));
    }
  }
  return sum;
}

}  // namespace steelyard::dpdk
