// What stands in captures before it becomes traffic.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/types.h"
#include "replay/memory_io.h"

namespace steelyard::bench {

// Clears FIN and RST of a TCP packet, so that its connection stays for the next loop: its SYN would open it
// anew, with another server than the replies come from. A packet without SYN and ACK, which would close it,
// too, gets ACK. The checksum follows.
void keep_open(replay::Bytes& frame);

// In which order connections of the benchmark's own service must be opened, so that each is given the server
// whose replies are in the capture. Some are only there to take a turn of a server that nobody needs.
std::vector<Endpoint> opening_order(std::span<const replay::Bytes> frames);

}  // namespace steelyard::bench
