// Whether what the director sent is right, byte by byte but for the payload of zeros.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "datapath/memory_nic.h"

namespace steelyard::bench {

// Looks at every frame that leaves a NIC. The connections are `server_of.size()`, numbered from 0.
class Checker {
 public:
  // `one_port`: of a director with one port.
  explicit Checker(std::span<const uint8_t> server_of, bool one_port = false) noexcept
      : server_of_(server_of), one_port_(one_port) {}

  void look(uint8_t port, std::span<rte_mbuf* const> packets);

  uint64_t seen() const noexcept { return seen_; }
  // What was wrong with the first wrong frame; empty: nothing.
  const std::string& wrong() const noexcept { return wrong_; }

 private:
  void look(uint8_t port, const rte_mbuf& m);
  std::span<const uint8_t> server_of_;
  bool one_port_;
  uint64_t seen_ = 0;
  std::string wrong_;
};

// Throws WrongAnswer unless the servers' shares differ by one at most, and by what was refused.
void check_balance(std::span<const uint8_t> server_of);

}  // namespace steelyard::bench
