#include "replay/flow_map.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "net/headers.h"

namespace steelyard::replay {

namespace {

constexpr std::size_t kMostServices = 65534;
constexpr unsigned kFlowsOfOneEndpoint = 4;  // below what the table grants one client endpoint
constexpr uint32_t kStandIns = 0x64400000;   // 100.64.0.0/10, RFC 6598
constexpr uint32_t kBlocks =
    0xc6120000;  // 198.18.0.0/15, RFC 2544: /24 blocks for the director's own subnets
constexpr uint32_t kBlockCount = 512;
constexpr uint32_t kCopiesFrom = 0x14000000;    // 20.0.0.0
constexpr uint32_t kCopiesBehind = 0xe0000000;  // 224.0.0.0, from which on addresses are no host's
constexpr std::chrono::hours kYear{365 * 24};

bool is_unicast(Ipv4 a) noexcept { return a.host() >> 24 != 0 && a.host() >> 28 < 14; }

Ipv4 in_block(Ipv4 block, uint32_t last) noexcept { return Ipv4::from_host(block.host() | last); }

// Changes what `change` changes and keeps the checksum at `checksum` as right or wrong as it was.
template <class Change>
void keep_checksum(std::span<uint8_t> frame, std::optional<std::size_t> checksum, std::size_t from,
                   std::size_t to, bool udp, Change change) {
  const auto sum = [&] {
    const uint16_t own = checksum ? get16(frame, *checksum) : uint16_t{0};
    return sum16(frame.subspan(from, to - from), static_cast<uint16_t>(~own));
  };
  const uint16_t before = sum();
  change();
  if (!checksum) return;
  const uint16_t value = adjust(get16(frame, *checksum), before, sum());
  put16(frame, *checksum, udp && value == 0 ? uint16_t{0xffff} : value);
}

// Gives the packet at `ip` other endpoints; header and transport checksums follow. `end`: of what is there of
// it.
void readdress(std::span<uint8_t> frame, const IpView& ip, std::size_t end, Endpoint source,
               Endpoint destination) {
  const auto addresses = [&] {
    put_address(frame, ip.ip + 12, source.address);
    put_address(frame, ip.ip + 16, destination.address);
  };
  const uint16_t before = sum16(frame.subspan(ip.ip + 12, 8), sum16(frame.subspan(ip.l4, 4)));
  keep_checksum(frame, ip.ip + 10, ip.ip, ip.l4, false, addresses);
  put16(frame, ip.l4, source.port.host());
  put16(frame, ip.l4 + 2, destination.port.host());
  const uint16_t after = sum16(frame.subspan(ip.ip + 12, 8), sum16(frame.subspan(ip.l4, 4)));
  const auto checksum = transport_checksum(frame, ip, end);
  if (!checksum) return;
  const uint16_t value = adjust(get16(frame, *checksum), before, after);
  const bool udp = ip.protocol == static_cast<uint8_t>(Protocol::udp);
  put16(frame, *checksum, udp && value == 0 ? uint16_t{0xffff} : value);
}

}  // namespace

FlowMap::Pair FlowMap::pair(const FlowView& v) noexcept {
  return {v.protocol, std::min(v.source, v.destination), std::max(v.source, v.destination)};
}

const FlowMap::Flow* FlowMap::find(const FlowView& view) const {
  const auto at = flows_.find(pair(view));
  return at == flows_.end() ? nullptr : &at->second;
}

void FlowMap::learn(std::span<const uint8_t> frame) {
  const auto ip = view_ip(frame);
  if (!ip) return;
  seen_.insert(ip->source);
  seen_.insert(ip->destination);
  const auto view = view_flow(frame, *ip);
  if (!view || !is_unicast(ip->source) || !is_unicast(ip->destination)) return;
  const auto [at, added] = flows_.try_emplace(pair(*view));
  if (added) order_.push_back(&*at);
  Flow& flow = at->second;
  const bool syn = (view->tcp_flags & (kSyn | kAck | kRst)) == kSyn;
  if (added || (syn && !flow.syn_seen)) flow.client = view->source, flow.server = view->destination;
  flow.syn_seen = flow.syn_seen || syn;
}

// A client gets a stand-in where its own address is a virtual one too (a packet to it would look like one to
// a service) or a loopback one (which opens no connection), and where one endpoint has more connections than
// the table grants it.
void FlowMap::choose_stand_ins() {
  std::set<Ipv4> virtual_addresses;
  for (const auto& [key, flow] : flows_) virtual_addresses.insert(flow.server.address);
  std::map<std::pair<Protocol, Endpoint>, unsigned> flows_of;
  uint32_t next = kStandIns;
  for (const auto* entry : order_) {
    Flow& flow = flows_.at(entry->first);
    flow.replayed_client = flow.client;
    const Ipv4 client = flow.client.address;
    if (!client.is_loopback() && !virtual_addresses.contains(client) &&
        flows_of[{entry->first.protocol, flow.client}]++ < kFlowsOfOneEndpoint)
      continue;
    do ++next;
    while (seen_.contains(Ipv4::from_host(next)));
    flow.replayed_client.address = Ipv4::from_host(next);
  }
}

// Addresses that the capture does not know, a row of all clients for each copy behind the first.
void FlowMap::choose_copies() {
  std::map<Ipv4, uint32_t> numbers;
  for (auto& [key, flow] : flows_)
    flow.client_number =
        numbers.try_emplace(flow.replayed_client.address, static_cast<uint32_t>(numbers.size()))
            .first->second;
  clients_ = numbers.size();
  const uint64_t wanted = uint64_t{clients_} * (copies_ - 1);
  const auto refuse = [&] {
    throw std::length_error(
        fmt::format("{} copies of {} clients are more than there are addresses", copies_, clients_));
  };
  if (wanted > kCopiesBehind - kCopiesFrom) refuse();
  uint32_t next = kCopiesFrom;
  const auto taken = [&](Ipv4 a) {
    return a.is_loopback() || a.host() >> 17 == kBlocks >> 17 || a.host() >> 22 == kStandIns >> 22 ||
           seen_.contains(a);
  };
  for (uint64_t left = wanted; left > 0; --left, ++next) {
    while (taken(Ipv4::from_host(next))) ++next;
    if (next >= kCopiesBehind) refuse();
    other_clients_.push_back(Ipv4::from_host(next));
  }
}

// A /24 that the capture does not know.
Ipv4 FlowMap::unused_block() {
  for (uint32_t i = 0; i < kBlockCount; ++i) {
    const Ipv4 block = Ipv4::from_host(kBlocks | i << 8);
    const auto at = seen_.lower_bound(block);
    if (at != seen_.end() && at->host() >> 8 == block.host() >> 8) continue;
    seen_.insert(block);
    return block;
  }
  throw std::length_error("--map: the capture uses every block of 198.18.0.0/15");
}

config::Config FlowMap::configuration() {
  choose_stand_ins();
  choose_copies();
  const Ipv4 outside = unused_block(), inside = unused_block();
  config::Config c;
  c.file = "--map";
  c.director.connections = static_cast<uint32_t>(std::max<std::size_t>(1024, flows_.size() * copies_ * 4));
  c.director.icmp_error_rate = c.director.reset_rate = std::nullopt;
  c.director.kernel_rates.fill(std::nullopt);
  for (const auto& [name, block] : {std::pair{"clients", outside}, {"servers", inside}}) {
    config::Port port;
    port.name = name;
    port.addresses.push_back({in_block(block, 254), 24, {}});
    port.mtu = uint16_t{65535};
    c.ports.push_back(std::move(port));
  }
  c.routes.push_back({Prefix{}, in_block(outside, 1), "clients", 0, {}});
  c.neighbours.push_back({in_block(outside, 1), Mac{{2, 0, 0, 1, 0, 1}}, "clients", 0, {}});
  for (uint32_t i = 1; i <= servers_; ++i)
    c.neighbours.push_back(
        {in_block(inside, i), Mac{{2, 0, 0, 2, 0, static_cast<uint8_t>(i)}}, "servers", 0, {}});

  std::set<std::pair<Protocol, Endpoint>> known;
  for (const auto* entry : order_) {
    if (!known.insert({entry->first.protocol, entry->second.server}).second) continue;
    if (known.size() > kMostServices)
      throw std::length_error(
          fmt::format("--map: the capture has more than {} server endpoints", kMostServices));
    config::Service s;
    s.name = fmt::format("{}/{}", entry->second.server, to_string(entry->first.protocol));
    s.address = entry->second.server;
    s.protocol = entry->first.protocol;
    s.scheduler = "rr";
    s.sloppy_tcp = true;
    s.timeouts.fill(kYear);
    // One port for each service keeps the servers' endpoints of all services apart.
    for (uint32_t i = 1; i <= servers_; ++i)
      s.servers.push_back(
          {{in_block(inside, i), Port::from_host(static_cast<uint16_t>(known.size()))}, 1, {}});
    c.services.push_back(std::move(s));
  }
  return c;
}

FlowMap::Ends FlowMap::ends(const Flow& flow, Protocol protocol, const ConnectionTable& table,
                            unsigned copy) const {
  Ends ends{flow.replayed_client, std::nullopt};
  if (copy > 0) ends.client.address = other_clients_[(copy - 1) * clients_ + flow.client_number];
  const FlowKey key{ends.client, flow.server, protocol, Direction::inbound};
  const Connection* connection = table.find(key, table.hash(key.client, protocol));
  if (connection != nullptr) ends.server = connection->server_endpoint();
  return ends;
}

uint8_t FlowMap::place_flow(Bytes& frame, const IpView& ip, const FlowView& view, const Flow& flow,
                            const Ends& ends) const {
  if (view.destination == flow.server) {
    readdress(frame, ip, ip.end, ends.client, flow.server);
    return kClients;
  }
  readdress(frame, ip, ip.end, ends.server.value_or(flow.server), ends.client);
  return kServers;
}

// An error about what the server sent comes from the clients' side, one about what the client sent from the
// servers'. The checksum of an ICMP message covers all of the quote.
uint8_t FlowMap::place_error(Bytes& frame, const IpView& ip, const Quote& quote, const Flow& flow,
                             const Ends& ends) const {
  const bool about_request = quote.flow.destination == flow.server;
  const Endpoint there = about_request ? ends.server.value_or(flow.server) : flow.server;
  const auto change = [&] {
    if (about_request)
      readdress(frame, quote.ip, ip.end, ends.client, there);
    else
      readdress(frame, quote.ip, ip.end, flow.server, ends.client);
  };
  const std::size_t checksum = ip.l4 + 2;
  keep_checksum(frame, checksum, ip.l4, ip.end, false, change);
  const Ipv4 from = ip.source == flow.server.address ? there.address : ip.source;
  const auto outer = [&] {
    if (!about_request) return;
    put_address(frame, ip.ip + 12, from);
    put_address(frame, ip.ip + 16, ends.client.address);
  };
  keep_checksum(frame, ip.ip + 10, ip.ip, ip.l4, false, outer);
  return about_request ? kServers : kClients;
}

uint8_t FlowMap::place(Bytes& frame, const ConnectionTable& table, unsigned copy) const {
  const auto ip = view_ip(frame);
  if (!ip) return kClients;
  if (const auto view = view_flow(frame, *ip)) {
    const Flow* flow = find(*view);
    if (flow == nullptr) return kClients;
    return place_flow(frame, *ip, *view, *flow, ends(*flow, view->protocol, table, copy));
  }
  if (const auto quote = view_quote(frame, *ip); quote && ip->destination == quote->flow.source.address) {
    const Flow* flow = find(quote->flow);
    if (flow != nullptr)
      return place_error(frame, *ip, *quote, *flow, ends(*flow, quote->flow.protocol, table, copy));
  }
  return kClients;
}

}  // namespace steelyard::replay
