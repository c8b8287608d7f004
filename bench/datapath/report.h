// The benchmark's results: medians over rounds, as a table and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datapath/contestant.h"

namespace steelyard::bench {

struct Result {
  std::string contestant;
  uint32_t flows = 0;
  unsigned workers = 1;
  bool affinity = true;               // both directions of a flow on one worker
  double ns_per_packet = 0, mad = 0;  // median and median absolute deviation, CPU time of one worker
  double tsc_ns_per_packet = 0;       // median of elapsed time
  double mpps = 0;                    // of all workers
  std::optional<double> connections_per_second, bytes_per_connection;
  std::optional<double> seconds_to_open;  // all established connections, before the clock
  std::optional<bool> huge_pages;         // the connection table's
  std::optional<double> forwarded;        // share of the packets that a device brings
};

double median(std::vector<double> values);
// `rounds[r][w]`: round r of worker w.
Result summarise(std::string contestant, const Setting& setting,
                 const std::vector<std::vector<Round>>& rounds, const Contestant::Facts& facts);

std::string table(const std::vector<Result>& results);
std::string json(const std::vector<Result>& results);

}  // namespace steelyard::bench
