// How long servers take to answer a SYN: a decaying average of what the workers measure.
#pragma once

#include <cstdint>
#include <vector>

#include "service/snapshot.h"

namespace steelyard::control {

class ResponseTimes {
 public:
  explicit ResponseTimes(std::size_t server_slots) : servers_(server_slots) {}

  // The average in microseconds, 0: not known. `samples` is the sum over workers of what
  // ServerCounters::responses holds; what has been added since the last call is taken in. The last sixteen or
  // so answers count. Without any for ten seconds the average is halved, so that a server which gets no
  // connections because it was slow is tried again.
  uint32_t update(ServerSlot server, uint64_t samples, uint64_t now_ms) noexcept;

  // What the server's answers were before does not count.
  void forget(ServerSlot server, uint64_t samples, uint64_t now_ms) noexcept;

 private:
  struct Server {
    uint64_t seen = 0;
    uint64_t changed_ms = 0;
    double average_us = 0;
  };
  std::vector<Server> servers_;
};

}  // namespace steelyard::control
