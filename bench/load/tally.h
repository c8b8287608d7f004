// What became of the connections of one load: each ends in exactly one outcome.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "load/histogram.h"

namespace steelyard::load {

enum class Outcome : uint8_t {
  // All of a connection's requests answered with status 200 and the whole body, and with one of the expected
  // bodies
  // where some are named; for an upload 201 or 204 will do.
  served,
  refused,      // RST or port unreachable instead of a connection
  timed_out,    // not done within the limit
  reset,        // RST on the connection before the whole body
  cut_short,    // closed before the whole body
  bad_status,   // a whole response, but not 200
  wrong_body,   // none of the expected bodies, another one than before on this connection, or no HTTP at all
  unreachable,  // no route, or a router said so
  no_local_port,  // the client itself had no port, socket or buffer left: says nothing about the other side
};
inline constexpr std::size_t kOutcomes = 9;

std::string_view name(Outcome outcome) noexcept;

struct Result {
  Outcome outcome = Outcome::timed_out;
  // Of each whole response: from its request to the last byte of the body. The first begins with connect().
  std::vector<std::chrono::nanoseconds> latencies;
  std::string body;    // of the first whole response
  bool closed = true;  // the other side closed after the last response, in order and in time
};

class Tally {
 public:
  void add(const Result& result);

  uint64_t count(Outcome outcome) const noexcept { return counts_[static_cast<std::size_t>(outcome)]; }
  uint64_t ended() const noexcept { return ended_; }
  uint64_t served() const noexcept { return count(Outcome::served); }
  uint64_t unclosed() const noexcept { return unclosed_; }
  // Answers on served connections.
  uint64_t answers() const noexcept { return latency_us_.count(); }
  const Histogram& latency_us() const noexcept { return latency_us_; }
  // Served connections by body. Long or binary bodies are named by length and hash; only so many are told
  // apart, the rest is counted under "(others)".
  const std::map<std::string, uint64_t>& bodies() const noexcept { return bodies_; }

 private:
  std::array<uint64_t, kOutcomes> counts_{};
  uint64_t ended_ = 0;
  uint64_t unclosed_ = 0;
  Histogram latency_us_;
  std::map<std::string, uint64_t> bodies_;
};

// A body's name in reports: the text itself where it is short and printable (without the newline at its end).
std::string body_label(std::string_view body);

}  // namespace steelyard::load
