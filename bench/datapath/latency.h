// How long a batch takes from receive to send: short connections through the whole director while the control
// core publishes a snapshot every millisecond, and macswap on the same packets in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "datapath/contestant.h"

namespace steelyard::bench {

struct Latency {
  std::string contestant;
  uint32_t flows = 0;
  uint64_t batches = 0;  // of 32 packets that the histogram holds
  uint64_t set_aside =
      0;  // further ones, during which the thread lost its CPU (involuntary context switches)
  double set_aside_max_ns = 0;
  double p50_ns = 0, p99_ns = 0, p999_ns = 0, max_ns = 0;
  uint64_t snapshots = 0;  // published meanwhile
};

// `batches` of each; `setting.flows` connections at a time, at most a million. `progress` is told the share
// done. Throws WrongAnswer.
std::vector<Latency> measure_latency(const Setting& setting, const BufferPool& buffers, uint64_t batches,
                                     const std::function<void(double)>& progress);

std::string table(const std::vector<Latency>& results);
std::string json(const std::vector<Latency>& results);

}  // namespace steelyard::bench
