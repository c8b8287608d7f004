// The benchmark's command line.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "datapath/contestant.h"

namespace steelyard::bench {

struct Options {
  bool help = false, version = false;
  std::vector<std::string> contestants = {"source", "macswap", "nat"};
  std::vector<uint32_t> flows = {1000, 100'000, 1'000'000};
  std::vector<unsigned> workers = {1};
  bool affinity = true;
  Order order = Order::random;
  Sizes sizes;
  Ratio ratio;
  unsigned rounds = 9;
  uint64_t round_packets = 2'000'000;
  bool huge_pages = true;  // if there are enough
  std::string json;        // file to write

  std::vector<std::string> pcap;  // captures that are the traffic, instead of flows, order and size
  bool map = false;  // made into traffic of services with so many servers each, so many times over
  unsigned map_servers = 4, multiply = 1;
  std::vector<std::string> devices;  // one or two that bring the packets
  std::vector<std::string> write;    // write the traffic to these files instead of timing anything: one for
                                     // all, or one for each port
  uint64_t latency = 0;              // batches; 0: time per packet is measured
};

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws UsageError.
Options parse_options(int argc, const char* const* argv);
std::string help_text();

}  // namespace steelyard::bench
