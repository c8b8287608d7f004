#include "datapath/traffic.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "net/checksum.h"
#include "net/headers.h"

namespace steelyard::bench {
namespace {

constexpr uint8_t kAckFlag = kAck;

uint16_t draw_length(Sizes sizes, std::mt19937_64& random) {
  if (!sizes.imix) return sizes.fixed;
  const auto at = random() % 12;
  return at < 7 ? kShortest : at < 11 ? uint16_t{590} : kLongest;
}

// Flows by how often they are met: the inverse of the continuous power law with exponent 1.
uint32_t zipf(uint32_t flows, std::mt19937_64& random) {
  const double u = std::uniform_real_distribution<>(0, 1)(random);
  const auto rank = static_cast<uint32_t>(std::pow(static_cast<double>(flows), u)) - 1;
  return std::min(rank, flows - 1);
}

struct Draw {
  uint32_t flow;
  bool reply;
};

std::vector<Draw> draws(uint32_t flows, Order order, Ratio ratio, std::size_t most, std::mt19937_64& random) {
  const std::size_t each = ratio.requests + ratio.replies;
  std::vector<Draw> list;
  if (order == Order::zipf || each * flows > most) {
    list.resize(most);
    for (std::size_t i = 0; i < most; ++i) {
      const auto any = static_cast<uint32_t>(random() % flows);
      const uint32_t flow = order == Order::sequential ? static_cast<uint32_t>(i / each % flows)
                            : order == Order::zipf     ? zipf(flows, random)
                                                       : any;
      list[i] = {flow, (order == Order::sequential ? i : random()) % each >= ratio.requests};
    }
    return list;
  }
  for (uint32_t flow = 0; flow < flows; ++flow)
    for (std::size_t i = 0; i < each; ++i) list.push_back({flow, i >= ratio.requests});
  if (order == Order::random) std::shuffle(list.begin(), list.end(), random);
  return list;
}

}  // namespace

Spec make_spec(Endpoint from, Endpoint to, uint32_t flow, uint8_t port, uint8_t flags, uint16_t length) {
  Spec s{from.address, to.address, from.port, to.port};
  s.flow = flow;
  s.length = length;
  s.port = port;
  s.flags = flags;
  const auto ip_length = static_cast<uint16_t>(length - sizeof(EthernetHeader));
  // As the template of the frame has it: version, length, time to live, protocol; data offset and flags.
  const uint64_t ip = uint64_t{swap16(0x4500)} + swap16(ip_length) + swap16(0x4000) +
                      swap16(uint16_t{kTtl} << 8 | 6) + uint64_t{from.address.be} + to.address.be;
  s.ip_checksum = static_cast<uint16_t>(~fold(ip));
  const uint64_t tcp = pseudo_header_sum(from.address, to.address, 6, static_cast<uint16_t>(ip_length - 20)) +
                       from.port.be + to.port.be + uint64_t{swap32(flow)} +
                       swap16(static_cast<uint16_t>(0x5000 | flags)) + swap16(0xffff);
  s.tcp_checksum = static_cast<uint16_t>(~fold(tcp));
  return s;
}

Spec from_client(uint32_t flow, uint8_t flags, uint16_t length) {
  return make_spec(client_endpoint(flow), kVirtual, flow, kOutside, flags, length);
}

Spec from_server(uint32_t flow, unsigned server, uint8_t flags, uint16_t length) {
  return make_spec(server_endpoint(server), client_endpoint(flow), flow, kInside, flags, length);
}

void to_one_port(std::span<Spec> specs) noexcept {
  for (Spec& s : specs) s.port = kOutside;
}

std::vector<Spec> established_traffic(std::span<const uint8_t> server_of, Order order, Sizes sizes,
                                      Ratio ratio, std::size_t most, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Spec> traffic;
  for (const Draw& d : draws(static_cast<uint32_t>(server_of.size()), order, ratio, most, random)) {
    const uint16_t length = draw_length(sizes, random);
    if (server_of[d.flow] == kRefused) continue;
    traffic.push_back(d.reply ? from_server(d.flow, server_of[d.flow], kAckFlag, length)
                              : from_client(d.flow, kAckFlag, length));
  }
  return traffic;
}

void append_churn(std::vector<Spec>& specs, uint32_t first, uint32_t end) {
  struct Step {
    bool client;
    uint8_t flags;
  };
  constexpr Step kSteps[] = {{true, kSyn},        {false, kSyn | kAck}, {true, kAck},
                             {true, kPsh | kAck}, {false, kPsh | kAck}, {false, kFin | kAck},
                             {true, kFin | kAck}, {false, kAck}};
  for (; first < end; first += kChurnStep)
    for (const Step s : kSteps)
      for (uint32_t f = first; f < std::min(first + kChurnStep, end); ++f)
        specs.push_back(s.client ? from_client(f, s.flags) : from_server(f, f % kServers, s.flags));
}

std::vector<Spec> share_of(std::span<const Spec> traffic, unsigned worker, unsigned workers, bool affinity) {
  std::mt19937_64 random(7);
  std::vector<Spec> share;
  for (const Spec& s : traffic) {
    // What RSS over the client's endpoint does: any function of the flow.
    const uint64_t by = affinity ? s.flow * uint64_t{0x9e3779b97f4a7c15} >> 32 : random();
    if (by % workers == worker) share.push_back(s);
  }
  return share;
}

}  // namespace steelyard::bench
