#include "datapath/captures.h"

#include <algorithm>
#include <deque>
#include <map>

#include <fmt/format.h>

#include "datapath/established.h"
#include "net/headers.h"
#include "replay/dissect.h"
#include "replay/pcap.h"

namespace steelyard::bench {
namespace {

constexpr uint32_t kFillers = 0x09000000;  // 9.0.0.0: clients of connections that only take a turn

// The number of the server whose endpoint this is.
std::optional<unsigned> server_of(Endpoint e) {
  for (unsigned s = 0; s < kServers; ++s)
    if (server_endpoint(s) == e) return s;
  return std::nullopt;
}

}  // namespace

std::size_t Captures::longest() const noexcept {
  std::size_t n = 0;
  for (const auto& f : frames) n = std::max(n, f.size());
  return n;
}

Captures read_captures(const std::vector<std::string>& files) {
  std::vector<replay::MergedReader::Input> inputs;
  for (const std::string& f : files) inputs.push_back({0, f});
  replay::MergedReader reader(inputs);
  Captures captures;
  while (auto packet = reader.next()) {
    if (packet->bytes.size() > kLongestCaptured) packet->bytes.resize(kLongestCaptured);
    keep_open(packet->bytes);
    captures.frames.push_back(std::move(packet->bytes));
  }
  if (captures.frames.empty()) throw replay::CaptureError(fmt::format("{}: no packets", files.front()));
  return captures;
}

void keep_open(replay::Bytes& frame) {
  const auto ip = replay::view_ip(frame);
  if (!ip || ip->protocol != static_cast<uint8_t>(Protocol::tcp) || !replay::view_flow(frame, *ip)) return;
  const std::size_t at = ip->l4 + 12, checksum = ip->l4 + 16;
  const uint16_t before = replay::get16(frame, at);
  auto after = static_cast<uint16_t>(before & ~(kFin | kRst));
  if ((after & (kSyn | kAck)) == 0) after |= kAck;
  if (after == before) return;
  replay::put16(frame, at, after);
  replay::put16(frame, checksum, replay::adjust(replay::get16(frame, checksum), before, after));
}

std::vector<Endpoint> opening_order(std::span<const replay::Bytes> frames) {
  std::map<Endpoint, std::optional<unsigned>> clients;
  std::vector<Endpoint> order;
  const auto meet = [&](Endpoint client, std::optional<unsigned> server) {
    const auto [at, first] = clients.try_emplace(client, server);
    if (first) order.push_back(client);
    if (server) at->second = server;
  };
  for (const replay::Bytes& f : frames) {
    const auto ip = replay::view_ip(f);
    const auto flow = ip ? replay::view_flow(f, *ip) : std::nullopt;
    if (!flow || flow->protocol != Protocol::tcp) continue;
    if (flow->destination == kVirtual)
      meet(flow->source, std::nullopt);
    else if (const auto server = server_of(flow->source))
      meet(flow->destination, server);
  }
  std::array<std::deque<Endpoint>, kServers> wanted;
  std::deque<Endpoint> any;
  for (const Endpoint c : order) (clients[c] ? wanted[*clients[c]] : any).push_back(c);
  std::vector<Endpoint> opened;
  for (std::size_t left = order.size(), turn = 0; left > 0; ++turn) {
    std::deque<Endpoint>& queue = !wanted[turn % kServers].empty() ? wanted[turn % kServers] : any;
    if (queue.empty()) {
      opened.push_back({Ipv4::from_host(kFillers + static_cast<uint32_t>(turn)), Port::from_host(1024)});
      continue;
    }
    opened.push_back(queue.front());
    queue.pop_front();
    --left;
  }
  return opened;
}

}  // namespace steelyard::bench
