// Recomputes checksums in full, to hold the datapath's incremental ones to account.
#pragma once

#include <cstdint>
#include <span>

namespace steelyard::replay {

// Whether every checksum of the frame that can be computed is right: IPv4 header, and TCP, UDP or ICMP of a
// whole packet. Frames that are no whole IPv4 packet have none: true. UDP without a checksum is right.
bool checksums_right(std::span<const uint8_t> frame) noexcept;

}  // namespace steelyard::replay
