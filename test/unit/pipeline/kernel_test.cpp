// What goes to the kernel, its classes and their rates; rates of the worker's own answers.
#include <random>

#include <catch2/catch.hpp>

#include "rig.h"

namespace steelyard::test {

using Outs = std::vector<Out>;

namespace {

Bytes ipv6(uint8_t next_header, Bytes contents) {
  Bytes packet(40);
  packet[0] = 0x60;
  packet[5] = static_cast<uint8_t>(contents.size());
  packet[6] = next_header;
  packet.insert(packet.end(), contents.begin(), contents.end());
  return packet;
}

Endpoint at(Ipv4 address, uint16_t port) { return {address, Port::from_host(port)}; }

// A worker in which a class of packets has a rate of one a second, the others have none.
Limits only_one(KernelClass c) {
  Limits limits = unlimited();
  limits.kernel[static_cast<std::size_t>(c)] = 1;
  return limits;
}

}  // namespace

TEST_CASE("Frames for the kernel are told apart", "[pipeline][kernel]") {
  const Ipv4 router = ip("10.10.0.254"), all_routers = ip("224.0.0.5"), far = ip("198.51.100.1");
  const Mac group = mac("01:00:5e:00:00:05"), any = mac("02:00:00:00:00:02");
  struct Case {
    const char* name;
    KernelClass is;
    Frame frame;
  };
  const auto k = GENERATE_COPY(values<Case>({
      {"ARP", KernelClass::neighbour, arp_request(router, kPortC)},
      {"ARP in a VLAN", KernelClass::neighbour, arp_request(router, kPortC).vlan(5)},
      {"neighbour solicitation", KernelClass::neighbour, raw_frame(0x86dd, ipv6(58, {135, 0, 0, 0}))},
      {"redirect", KernelClass::neighbour, raw_frame(0x86dd, ipv6(58, {137, 0, 0, 0}))},
      {"ICMPv6 echo", KernelClass::other, raw_frame(0x86dd, ipv6(58, {128, 0, 0, 0}))},
      {"IPv6 cut", KernelClass::other, raw_frame(0x86dd, {0x60})},
      {"OSPFv3", KernelClass::routing, raw_frame(0x86dd, ipv6(89, {3}))},
      {"OSPF", KernelClass::routing, ip_frame(router, all_routers, 89, {2, 1}).macs(group, any)},
      {"VRRP", KernelClass::routing, ip_frame(router, ip("224.0.0.18"), 112, {0x21}).macs(group, any)},
      {"IGMP", KernelClass::routing, ip_frame(router, ip("224.0.0.1"), 2, {0x11}).macs(group, any)},
      {"PIM", KernelClass::routing, ip_frame(router, ip("224.0.0.13"), 103, {0x20}).macs(group, any)},
      {"EIGRP", KernelClass::routing, ip_frame(router, ip("224.0.0.10"), 88, {2}).macs(group, any)},
      {"RIP", KernelClass::routing, udp(at(router, 520), ep("224.0.0.9", 520), "x").macs(group, any)},
      {"BGP to us", KernelClass::routing, tcp(at(router, 40000), at(kPortC, 179), "x")},
      {"BGP from a peer", KernelClass::routing, tcp(at(router, 179), at(kPortC, 40000), "x")},
      {"BFD", KernelClass::routing, udp(at(router, 49152), at(kPortC, 3784), "x")},
      {"BGP in transit", KernelClass::transit, tcp(at(router, 40000), at(far, 179), "x")},
      {"health TCP", KernelClass::health, tcp(kReal1, at(kPortS, 50000), kSyn | kAck)},
      {"health UDP", KernelClass::health, udp(kRealDns, at(kPortS, 50000), "x")},
      {"health ping", KernelClass::health, echo(kReal1.address, kPortS, 1, 1, kIcmpEchoReply)},
      {"ping of a server", KernelClass::icmp, echo(kReal1.address, kPortS)},
      {"ping", KernelClass::icmp, echo(kClient.address, kVip)},
      {"ping of the port", KernelClass::icmp, echo(kClient.address, kPortC)},
      {"SSH", KernelClass::local, tcp(kClient, at(kPortC, 22), kSyn)},
      {"no service", KernelClass::local, tcp(kClient, at(kVip, 22), kSyn)},
      {"transit", KernelClass::transit, tcp(kClient, at(far, 80), kSyn)},
      {"a server's own", KernelClass::transit, tcp(kReal1, at(far, 80), kSyn)},
      {"transit ICMP", KernelClass::transit, echo(kClient.address, far)},
      {"mDNS", KernelClass::other, udp(kClient, ep("224.0.0.251", 5353), "x").macs(group, any)},
      {"DHCP", KernelClass::other, udp(ep("0.0.0.0", 68), ep("255.255.255.255", 67), "x")},
      {"LLDP", KernelClass::other, raw_frame(0x88cc, {0, 0})},
  }));
  CAPTURE(k.name);
  Rig rig({.connections = 16, .limits = only_one(k.is)});
  rig.run(kClients, {k.frame, k.frame, k.frame});
  // All arrive unchanged, up to the rate of their class and of no other.
  CHECK(rig.kernel == Outs{out(kClients, k.frame)});
  CHECK(rig.dropped(rate_drop(k.is)) == 2);
  CHECK(rig.counters.kernel.get() == 1);
  rig.now.ticks += kTicksPerSecond;
  rig.run(kClients, k.frame);
  CHECK(rig.kernel.size() == 1);
}

TEST_CASE("A frame to a group never opens a connection", "[pipeline][kernel]") {
  Rig rig;
  const Frame frame = tcp(kClient, kWebVip, kSyn).macs(mac("ff:ff:ff:ff:ff:ff"), mac("02:00:00:00:00:02"));
  CHECK(rig.run(kClients, frame).empty());
  CHECK(rig.kernel == Outs{out(kClients, frame)});
}

TEST_CASE("A server's packet of no connection is the kernel's", "[pipeline][kernel][golden]") {
  Rig rig;
  for (const uint8_t flags : {kSyn, kAck, kRst}) {
    const Frame frame = tcp(kReal1, kClient, flags);
    CHECK(rig.run(kServers, frame).empty());
    CHECK(rig.kernel == Outs{out(kServers, frame)});
  }
}

TEST_CASE("A full ring to the kernel is a named drop", "[pipeline][kernel]") {
  Rig rig;
  rig.io().refuse_kernel(1);
  rig.run(kClients, {echo(kClient.address, kVip), echo(kClient.address, kVip)});
  CHECK(rig.kernel.size() == 1);
  CHECK(rig.dropped(DropReason::kernel_ring_full) == 1);
}

TEST_CASE("Answers keep to their rates", "[pipeline][limits]") {
  Limits limits = unlimited();
  limits.resets = 2, limits.icmp_errors = 3;
  Rig rig({.connections = 16, .limits = limits});
  rig.schedule(kDns, {});
  CHECK(rig.run(kClients, std::vector<Frame>(10, tcp(kClient, kWebVip, kAck))).size() == 2);
  CHECK(rig.dropped(DropReason::no_connection) == 10);
  CHECK(rig.run(kClients, std::vector<Frame>(10, udp(kClient, kDnsVip, "x"))).size() == 3);
  CHECK(rig.dropped(DropReason::no_server) == 10);
  CHECK(rig.counters.originated.get() == 5);
  // What may not be answered takes nothing from the rate.
  rig.now.ticks += kTicksPerSecond;
  rig.run(kClients, std::vector<Frame>(10, tcp(kClient, kWebVip, kRst)));
  CHECK(rig.run(kClients, tcp(kClient, kWebVip, kAck)).size() == 1);
}

}  // namespace steelyard::test
