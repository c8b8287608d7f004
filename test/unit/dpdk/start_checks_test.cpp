#include "dpdk/start_checks.h"

#include <cstdlib>
#include <fstream>
#include <sched.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <linux/capability.h>

#include "base/start_error.h"
#include "dpdk/captured_output.h"
#include "dpdk/eal.h"
#include "dpdk/interface.h"
#include "dpdk/memory_need.h"
#include "dpdk/pools.h"
#include "dpdk/privileges.h"

namespace steelyard::dpdk {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
namespace fs = std::filesystem;

constexpr uint64_t kMB = 1 << 20, k2MB = 2 * kMB, k1GB = 1024 * kMB;

std::string pages(std::vector<HugePages> there, MemoryNeed need) {
  return huge_page_problem(there, need).value_or("none");
}

struct Directory {
  Directory() {
    std::string name = fs::temp_directory_path() / "steelyard-memory-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(path); }
  void write(const fs::path& file, uint64_t n) const {
    fs::create_directories((path / file).parent_path());
    std::ofstream(path / file) << n << '\n';
  }
  fs::path path;
};

constexpr uint64_t bit(unsigned capability) { return uint64_t{1} << capability; }

std::string missing(uint64_t capabilities, bool lock, PrivilegeNeeds need) {
  return missing_privileges({capabilities, lock}, need).value_or("none");
}

}  // namespace

TEST_CASE("Missing huge pages are told with the command for all that is needed", "[dpdk][start]") {
  const MemoryNeed need{1'000'000, 80 * kMB, 64 * kMB};  // 40 pages and, with what else is taken, 40
  CHECK_THAT(pages({}, need), Contains("there are no free huge pages") && Contains("vm.nr_hugepages=80`") &&
                                  Contains("40 for 1000000 connections and 40 for packet buffers") &&
                                  Contains("--no-huge"));
  CHECK_THAT(pages({{k2MB, 10, 0}}, need), Contains("vm.nr_hugepages=90`"));
}

TEST_CASE("Too few huge pages are told with how many there should be", "[dpdk][start]") {
  const MemoryNeed need{1'000'000, 80 * kMB, 64 * kMB};
  CHECK_THAT(
      pages({{k2MB, 100, 50}}, need),
      Equals("there are too few free huge pages, 50 of 2 MB, and 80 of 2 MB are needed, 40 for 1000000 "
             "connections and 40 for packet buffers: `sysctl vm.nr_hugepages=130`, or fewer `connections`"));
  CHECK_THAT(pages({{k2MB, 100, 71}}, need), Contains("too few"));
  CHECK_THAT(pages({{k2MB, 100, 72}}, need), Equals("none"));
}

TEST_CASE("Huge pages of 1 GB do for the table, for the buffers, and for both", "[dpdk][start]") {
  const MemoryNeed need{1'000'000, 80 * kMB, 64 * kMB};
  CHECK_THAT(pages({{k2MB, 0, 0}, {k1GB, 2, 1}}, need), Contains("too few"));
  CHECK_THAT(pages({{k2MB, 0, 0}, {k1GB, 2, 2}}, need), Equals("none"));
  CHECK_THAT(pages({{k2MB, 32, 32}, {k1GB, 1, 1}}, need), Equals("none"));
  CHECK_THAT(pages({{k2MB, 40, 40}, {k1GB, 1, 1}}, need), Equals("none"));
  // The table can't be of both sizes.
  CHECK_THAT(pages({{k2MB, 40, 40}, {k1GB, 1, 1}}, {20'000'000, 1500 * kMB, 64 * kMB}), Contains("too few"));
}

TEST_CASE("Huge pages are counted by size, without those promised and with those that may be added",
          "[dpdk][start]") {
  const Directory sys;
  const fs::path small = "kernel/mm/hugepages/hugepages-2048kB",
                 large = "kernel/mm/hugepages/hugepages-1048576kB";
  CHECK(read_huge_pages(sys.path).empty());
  sys.write(large / "nr_hugepages", 4), sys.write(large / "free_hugepages", 4);
  sys.write(small / "nr_hugepages", 100), sys.write(small / "free_hugepages", 60);
  sys.write(small / "resv_hugepages", 10), sys.write(small / "nr_overcommit_hugepages", 7);
  sys.write(small / "surplus_hugepages", 2);
  const auto all = read_huge_pages(sys.path);
  REQUIRE(all.size() == 2);
  CHECK(all[0].size == k2MB);
  CHECK(all[0].total == 100);
  CHECK(all[0].free == 60 - 10 + 7 - 2);
  CHECK(all[1].size == k1GB);
  CHECK(all[1].free == 4);
}

TEST_CASE("Without huge pages the EAL's limit and the machine's memory are looked at", "[dpdk][start]") {
  const MemoryNeed need{1'000'000, 80 * kMB, 60 * kMB};
  CHECK_FALSE(plain_memory_problem(60, 140 * kMB, need));
  CHECK_THAT(plain_memory_problem(59, 140 * kMB, need).value_or(""),
             Contains("59 MB") && Contains(R"("-m", "128")"));
  CHECK_THAT(plain_memory_problem(512, 139 * kMB, need).value_or(""),
             Contains("80 MB are needed for 1000000 connections") && Contains("fewer `connections`"));
}

TEST_CASE("What the EAL is told to take is read from its arguments", "[dpdk][start]") {
  using Words = std::vector<std::string>;
  CHECK_FALSE(eal_megabytes(Words{"--no-huge"}));
  CHECK(eal_megabytes(Words{"--no-huge", "-m", "1024"}) == 1024U);
  CHECK(eal_megabytes(Words{"-m64"}) == 64U);
  CHECK(eal_megabytes(Words{"--socket-mem", "1024,512"}) == 1536U);
  CHECK(eal_megabytes(Words{"--numa-mem=0,256"}) == 256U);
  CHECK(eal_megabytes(Words{"-m"}) == 0U);
}

TEST_CASE("The machine's free memory is read", "[dpdk][start]") {
  CHECK(read_available().value_or(0) > kMB);
  CHECK_FALSE(read_available("/none"));
}

TEST_CASE("Packet buffers are counted with the gaps at the ends of pages, unless they lie side by side",
          "[dpdk][start]") {
  Pools::Options two_ports;
  two_ports.queues = 2;
  const uint64_t apart = Pools::bytes(two_ports, 4096), close = Pools::bytes(two_ports, k2MB);
  CHECK(close > 13'312 * 2304);  // 2 queues, 1 worker
  CHECK(apart > 13'312 * 4096);
  two_ports.one_area = true;
  CHECK(Pools::bytes(two_ports, 4096) < close + k2MB);
  two_ports.one_area = false;
  two_ports.mtu = 9000;
  CHECK(Pools::bytes(two_ports, 4096) > 13'312 * 9000);
}

TEST_CASE("Missing privileges are named", "[dpdk][start]") {
  constexpr uint64_t admin = bit(CAP_NET_ADMIN), raw = bit(CAP_NET_RAW), lock = bit(CAP_IPC_LOCK);
  CHECK_THAT(missing(0, true, {}), Contains("CAP_NET_ADMIN is missing") && Contains("as root"));
  CHECK_THAT(missing(admin, false, {}), Equals("none"));
  CHECK_THAT(missing(admin, true, {true, false, true}), Contains("no permission, CAP_NET_RAW is missing"));
  CHECK_THAT(missing(admin | raw, false, {true, false, true}), Contains("RLIMIT_MEMLOCK"));
  CHECK_THAT(missing(admin | raw | lock, false, {true, false, true}), Equals("none"));
  CHECK_THAT(missing(admin | raw, true, {true, true, true}), Contains("CAP_SYS_ADMIN"));
  CHECK_THAT(missing(admin | raw | bit(CAP_SYS_ADMIN), true, {true, true, true}), Equals("none"));
}

TEST_CASE("An interface is one port's alone as long as that lives", "[dpdk][start]") {
  {
    const Interface first("lo", "outside");
    CHECK_THROWS_WITH(Interface("lo", "inside"),
                      Contains("port inside") && Contains("already a director's port"));
  }
  CHECK_NOTHROW(Interface("lo", "inside"));
  CHECK_THROWS_WITH(Interface("sy-none", "inside"), Contains("there is no interface sy-none"));
}

// As under isolcpus, where every process begins without the cores that are meant for workers.
TEST_CASE("A core that the process was not given, but may have, is good", "[dpdk][start]") {
  cpu_set_t before, one, after;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  std::vector<unsigned> cores;
  for (unsigned c = 0; c < CPU_SETSIZE; ++c)
    if (CPU_ISSET(c, &before)) cores.push_back(c);
  CPU_ZERO(&one);
  CPU_SET(cores.front(), &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  config::Director director;
  director.control_core = cores.front();
  director.worker_cores = {cores.back()};
  CHECK_NOTHROW(check_cores(director));
  REQUIRE(sched_getaffinity(0, sizeof after, &after) == 0);
  CHECK(CPU_EQUAL(&one, &after) != 0);
  sched_setaffinity(0, sizeof before, &before);
}

TEST_CASE("A core that this process may not use is refused", "[dpdk][start]") {
  config::Director director;
  director.worker_cores = {1023};
  CHECK_THROWS_WITH(check_cores(director), Contains("core 1023") && Contains("name only cores"));
}

TEST_CASE("Of DPDK's output the lines that say something remain, each once", "[dpdk][start]") {
  CHECK(essence("steelyard: unrecognized option '--x'\nsteelyard: unrecognized option '--x'\n"
                "EAL: FATAL: Invalid 'command line' arguments.\nEAL: Invalid 'command line' arguments.\n"
                "\nUsage: steelyard [options]\n  -c ...\n") ==
        "steelyard: unrecognized option '--x'; Invalid 'command line' arguments.");
  CHECK(essence("") == "it does not say why");
  CHECK(without_chatter("libbpf: elf: skipping\nEAL: something\nlibxdp: No bpffs\n"
                        "EAL: No free 1048576 kB hugepages reported on node 0\n") == "EAL: something\n");
}

TEST_CASE("Output is captured, and flows again afterwards", "[dpdk][start]") {
  CapturedOutput outer;  // also keeps this test's own output off the terminal
  std::string words;
  {
    CapturedOutput output;
    std::fputs("EAL: to stderr\n", stderr);
    std::fputs("to stdout\n", stdout);
    words = output.words();
    std::fputs("after\n", stderr);
  }
  CHECK(words == "to stderr; to stdout");
  CHECK(outer.words() == "after");
}

}  // namespace steelyard::dpdk
