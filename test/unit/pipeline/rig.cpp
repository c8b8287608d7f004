#include "rig.h"

#include <numeric>
#include <ostream>

#include <catch2/catch.hpp>

#include "replay/eal.h"

namespace steelyard::test {
namespace {

replay::MemoryIo::Options io_options() {
  replay::start_private_eal(64);
  replay::MemoryIo::Options o;
  o.fragments = 64;
  o.longest = 4096;
  return o;
}

ConnectionTable::Options table_options(uint32_t connections) {
  ConnectionTable::Options o;
  o.capacity = connections;
  o.hash_seed = {1, 2};
  return o;
}

VirtualService service(Endpoint address, Protocol protocol, ScheduleSlot& schedule) {
  VirtualService s;
  s.address = address;
  s.protocol = protocol;
  s.schedule = &schedule;
  return s;
}

Prefix prefix(const char* address, uint8_t length) { return {ip(address), length}; }

void add_network(Snapshot& snap) {
  const Interface clients{kClients, 0}, servers{kServers, 0};
  const std::vector<Route> routes{{prefix("10.10.0.0", 24), clients, {}},
                                  {prefix("10.20.0.0", 24), servers, {}},
                                  {prefix("0.0.0.0", 0), clients, ip("10.10.0.254")}};
  const std::vector<Neighbour> neighbours{
      {clients, ip("10.10.0.254"), 1}, {servers, kReal1.address, 2}, {servers, kReal2.address, 3}};
  snap.routes = Routes(routes, neighbours);
  snap.next_hops = {NextHop{},
                    {kGatewayMac, kPortCMac, 0, 1500, kClients, true},
                    {kReal1Mac, kPortSMac, 0, 1500, kServers, true},
                    {kReal2Mac, kPortSMac, 0, 1500, kServers, true}};
  snap.ports = {{kPortCMac, kPortC, 1500}, {kPortSMac, kPortS, 1500}};
  snap.route_epoch = 1;
}

void add_addresses(Snapshot& snap) {
  snap.addresses.add(kVip, kVirtualAddress);
  for (const Ipv4 a : {kPortC, kPortS}) snap.addresses.add(a, kLocalAddress);
  for (const Ipv4 a : {kReal1.address, kReal2.address}) snap.addresses.add(a, kServerAddress);
  snap.by_endpoint.add(Protocol::tcp, kWebVip, kWeb);
  snap.by_endpoint.add(Protocol::udp, kDnsVip, kDns);
}

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Out& o) {
  return stream << "by port " << int{o.port} << ":\n" << o.frame;
}
Out out(uint8_t port, const Frame& frame) { return {port, hexdump(frame)}; }
Out to_server1(const Frame& frame) { return out(kServers, frame.macs(kReal1Mac, kPortSMac).ttl(63)); }
Out to_server2(const Frame& frame) { return out(kServers, frame.macs(kReal2Mac, kPortSMac).ttl(63)); }
Out to_client(const Frame& frame) { return out(kClients, frame.macs(kGatewayMac, kPortCMac).ttl(63)); }

Limits unlimited() noexcept {
  Limits limits;
  limits.kernel.fill(kUnlimited);
  limits.icmp_errors = limits.resets = kUnlimited;
  return limits;
}

Rig::Rig(const Options& options)
    : io_(io_options()),
      table_(table_options(options.connections), grace_),
      schedules_(2),
      worker_(0, io_, Shared{table_, grace_, published, captures}, counters, options.limits) {
  grace_.register_thread(0);
  grace_.online(0);
  snap.services = {service(kWebVip, Protocol::tcp, schedules_[kWeb]),
                   service(kDnsVip, Protocol::udp, schedules_[kDns])};
  snap.servers = {{kReal1, kWeb, 1}, {kReal2, kWeb, 1}, {kRealDns, kDns, 1}};
  add_addresses(snap);
  add_network(snap);
  schedule(kWeb, {kWeb1, kWeb2});
  schedule(kDns, {kDns1});
}

Rig::~Rig() {
  grace_.offline(0);
  grace_.unregister_thread(0);
}

ServiceSlot Rig::add_service(Endpoint address, std::vector<uint32_t> picks) {
  const auto slot = static_cast<ServiceSlot>(snap.services.size());
  schedules_.emplace_back();
  snap.services.push_back(service(address, Protocol::tcp, schedules_.back()));
  snap.by_endpoint.add(Protocol::tcp, address, slot);
  schedule(slot, std::move(picks));
  return slot;
}

void Rig::schedule(ServiceSlot service, std::vector<uint32_t> picks) {
  auto s = std::make_unique<Schedule>();
  s->picks = std::move(picks);
  old_.push_back(schedules_[service].publish(std::move(s)));
}

std::vector<Out> Rig::run(uint8_t port, const std::vector<Frame>& frames) {
  for (const Frame& f : frames) io_.push(port, f.bytes());
  worker_.turn(now);
  const auto collect = [](const std::vector<replay::Frame>& from) {
    std::vector<Out> to;
    for (const replay::Frame& f : from) to.push_back({f.port, hexdump(f.bytes)});
    return to;
  };
  kernel = collect(io_.take_kernel());
  check_accounts();
  return collect(io_.take_sent());
}

void Rig::check_accounts() const {
  const uint64_t drops = std::accumulate(counters.drops.begin(), counters.drops.end(), uint64_t{0},
                                         [](uint64_t sum, const Counter& c) { return sum + c.get(); });
  CHECK(counters.received.get() == counters.forwarded.get() + counters.kernel.get() + drops);
  CHECK(io_.in_flight() == 0);
}

void Rig::establish(Endpoint client) {
  run(kClients, tcp(client, kWebVip, kSyn));
  const Connection* c = connection(client);
  REQUIRE(c != nullptr);
  run(kServers, tcp(c->server_endpoint(), client, kSyn | kAck));
  run(kClients, tcp(client, kWebVip, kAck));
  REQUIRE(c->state() == State::established);
}

Connection* Rig::connection(Endpoint client, Endpoint service, Protocol protocol) const {
  return table_.find({client, service, protocol, Direction::inbound}, table_.hash(client, protocol));
}

}  // namespace steelyard::test
