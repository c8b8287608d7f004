// Fragmentation on output (RFC 791) with DPDK's ip_frag library.
#pragma once

#include <array>
#include <cstdint>

#include "net/batch.h"
#include "service/routes.h"

struct rte_mempool;

namespace steelyard {

inline constexpr uint16_t kMostFragments = 64;

struct Fragments {
  std::array<rte_mbuf*, kMostFragments> packets;
  uint16_t size = 0;  // 0: no buffers, or more than kMostFragments would be needed
};

// Cuts a rewritten packet that is larger than hop.mtu into frames for `hop`. They refer to the bytes of
// p.mbuf, which stays the caller's to free. Worker threads; takes buffers from the pools, header and payload
// reference one each a fragment.
void fragment(const Packet& p, const NextHop& hop, rte_mempool* direct, rte_mempool* indirect,
              Fragments& out) noexcept;

}  // namespace steelyard
