// Drives lib/kernel against the real kernel. Run by kernel_test.sh inside a namespace of its own: it changes
// interfaces, routes and neighbours as it likes. Waits are for the kernel, their limits only bound a failure.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <poll.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <net/if.h>

#include "base/start_error.h"
#include "kernel/addresses.h"
#include "kernel/mirror.h"
#include "kernel/resolver.h"
#include "kernel/sysctl.h"
#include "kernel/tap.h"

using namespace steelyard;
using namespace steelyard::kernel;

namespace {

const Mac kPort{{2, 0x53, 0x59, 0, 0, 1}}, kServer{{2, 0x53, 0x59, 0, 0, 0x11}};
const Interface kInside{1, 0};

Ipv4 ip(const char* text) { return *parse_ipv4(text); }
void run(const std::string& command) {
  CAPTURE(command);
  REQUIRE(std::system(command.c_str()) == 0);
}
bool ip_prints(const std::string& what, const std::string& pattern) {
  return std::system(fmt::format("ip {} | grep -q -- '{}'", what, pattern).c_str()) == 0;
}

// A batch of `ip` commands, for many at once.
void batch(const std::function<void(std::ofstream&)>& write) {
  char name[] = "/tmp/sy-kern-XXXXXX";
  const int fd = ::mkstemp(name);
  REQUIRE(fd >= 0);
  ::close(fd);
  {
    std::ofstream file(name);
    write(file);
  }
  const int status = std::system(fmt::format("ip -batch {}", name).c_str());
  std::remove(name);
  REQUIRE(status == 0);
}

// An interface "sy-in" with 10.0.0.1/16 and its mirror.
struct Bed {
  Tap tap{{"sy-in", kPort, 1500}};
  Addresses addresses;
  std::optional<Mirror> mirror;

  explicit Bed(const MirrorOptions& options = {}) {
    REQUIRE_FALSE(addresses.add({tap.ifindex(), ip("10.0.0.1"), 16}));
    mirror.emplace(std::vector<KernelInterface>{{tap.ifindex(), kInside}}, options);
  }

  // Processes until `done`, at most 15 s; false: it never was.
  bool until(
      const std::function<bool()>& done, const std::function<void()>& each = [] {}) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    while (std::chrono::steady_clock::now() < limit) {
      while (mirror->process()) {
      }
      each();
      if (done()) return true;
      pollfd fds[] = {{mirror->fd(), POLLIN, 0}, {tap.fd(), POLLIN, 0}};
      ::poll(fds, 2, 10);
    }
    return false;
  }
  bool has_route(const char* to, uint8_t length, const char* gateway) const {
    const Network n = mirror->network();
    return std::ranges::any_of(n.routes, [&](const steelyard::Route& r) {
      return r.to == Prefix{ip(to), length} && r.via == kInside && r.gateway == ip(gateway);
    });
  }
  const View::NeighbourState* neighbour(const char* address) const {
    return mirror->view().neighbour(tap.ifindex(), ip(address));
  }
  bool resolved(const char* address) const {
    const auto* n = neighbour(address);
    return n != nullptr && n->usable();
  }

  // Reads what the kernel sends; an ARP request for `address` is answered by `mac` and counted.
  int answer_arp(const char* address, const Mac* mac) {
    int requests = 0;
    std::array<uint8_t, 1518> frame{};
    while (const std::size_t size = tap.read(frame)) {
      const Ipv4 target = ip(address);
      if (size < 42 || frame[12] != 8 || frame[13] != 6 || frame[21] != 1) continue;
      if (std::memcmp(&frame[38], &target.be, 4) != 0) continue;
      CHECK(std::memcmp(&frame[6], kPort.bytes.data(), 6) == 0);
      ++requests;
      if (mac == nullptr) continue;
      std::vector<uint8_t> reply = gratuitous_arp(*mac, target);
      reply[21] = 2;
      std::copy_n(&frame[22], 10, &reply[32]);  // target: who asked
      std::copy_n(&frame[6], 6, reply.begin());
      CHECK(tap.write(reply));
    }
    return requests;
  }
};

}  // namespace

TEST_CASE("a TAP has the port's MAC and MTU, is up, and is gone with its object") {
  {
    Tap tap({"sy-tap", kPort, 1400});
    CHECK(tap.ifindex() == static_cast<int>(::if_nametoindex("sy-tap")));
    CHECK(ip_prints("link show sy-tap", "mtu 1400"));
    CHECK(ip_prints("link show sy-tap", "link/ether 02:53:59:00:00:01"));
    CHECK(ip_prints("link show sy-tap", "LOWER_UP"));
    CHECK_THROWS_WITH(Tap({"sy-tap", kPort, 1500}), Catch::Contains("in use"));
    tap.set_carrier(false);
    CHECK(ip_prints("link show sy-tap", "NO-CARRIER"));
    tap.set_carrier(true);
    CHECK(ip_prints("link show sy-tap", "LOWER_UP"));
    CHECK_FALSE(tap.write(std::vector<uint8_t>(5)));
  }
  CHECK(::if_nametoindex("sy-tap") == 0);
  // Also one that someone has made to last, and that could be taken over.
  run("ip tuntap add sy-tap mode tap");
  CHECK_THROWS_WITH(Tap({"sy-tap", kPort, 1500}), Catch::Contains("in use"));
  run("ip tuntap del sy-tap mode tap");
  CHECK_THROWS_AS(Tap({"sy-much-too-long-a-name", kPort, 1500}), StartError);
  CHECK_THROWS_AS(Tap({"a/b", kPort, 1500}), StartError);
}

TEST_CASE("the kernel answers a ping through the TAP, with complete checksums") {
  Bed bed;
  run("ip neigh replace 10.0.0.7 lladdr 02:53:59:00:00:11 dev sy-in nud permanent");
  std::vector<uint8_t> ping{2,    0x53, 0x59, 0,  0, 1, 2, 0x53, 0x59, 0,    0,    0x11, 8,  0,
                            0x45, 0,    0,    28, 0, 1, 0, 0,    64,   1,    0,    0,    10, 0,
                            0,    7,    10,   0,  0, 1, 8, 0,    0xe5, 0xcb, 0x12, 0x34, 0,  0};
  const auto sum = [](const uint8_t* p, std::size_t size) {
    uint32_t s = 0;
    for (std::size_t i = 0; i < size; i += 2) s += static_cast<uint32_t>(p[i] << 8 | p[i + 1]);
    while (s >> 16 != 0) s = (s & 0xffff) + (s >> 16);
    return s;
  };
  const uint32_t header = ~sum(&ping[14], 20) & 0xffff;
  ping[24] = static_cast<uint8_t>(header >> 8);
  ping[25] = static_cast<uint8_t>(header);
  REQUIRE(bed.tap.write(ping));
  std::array<uint8_t, 1518> frame{};
  std::size_t size = 0;
  CHECK(bed.until([&] { return size != 0; },
                  [&] {
                    while (const std::size_t got = bed.tap.read(frame))
                      if (got >= 42 && frame[12] == 8 && frame[13] == 0 && frame[23] == 1) {
                        size = got;
                        break;
                      }
                  }));
  REQUIRE(size >= 42);
  CHECK(frame[34] == 0);  // echo reply
  CHECK(sum(&frame[14], 20) == 0xffff);
  CHECK(sum(&frame[34], 8) == 0xffff);
}

TEST_CASE("addresses are set once, seen by the mirror, and removed") {
  Bed bed;
  const InterfaceAddress vip{bed.tap.ifindex(), ip("203.0.113.10"), 32};
  CHECK(bed.mirror->network().local == std::vector<Ipv4>{ip("10.0.0.1")});
  CHECK(ip_prints("addr show sy-in", "10.0.0.1/16 brd 10.0.255.255"));
  CHECK_FALSE(bed.addresses.add(vip));
  CHECK_FALSE(bed.addresses.add(vip));
  CHECK(bed.until([&] { return bed.mirror->network().local.size() == 2; }));
  CHECK_FALSE(bed.addresses.remove(vip));
  CHECK_FALSE(bed.addresses.remove(vip));
  CHECK(bed.until([&] { return bed.mirror->network().local.size() == 1; }));
  CHECK(bed.addresses.add({999999, ip("10.9.9.9"), 24}));
}

TEST_CASE("a VLAN interface is made, or the reason why not is told") {
  Bed bed;
  const auto made = bed.addresses.add_vlan("sy-in", bed.tap.ifindex(), 20);
  if (const auto* vlan = std::get_if<VlanInterface>(&made)) {
    CHECK(vlan->ifindex == static_cast<int>(::if_nametoindex("sy-in.20")));
  } else {
    CHECK_THAT(std::get<std::string>(made), Catch::Contains("8021q"));
  }
  CHECK_THAT(std::get<std::string>(bed.addresses.add_vlan("sy-in-long-name", bed.tap.ifindex(), 20)),
             Catch::Contains("15 characters"));
}

TEST_CASE("the mirror follows routes as ip changes them") {
  Bed bed;
  CHECK(bed.has_route("10.0.0.0", 16, "0.0.0.0"));
  run("ip route add default via 10.0.0.254");
  CHECK(bed.until([&] { return bed.has_route("0.0.0.0", 0, "10.0.0.254"); }));
  run("ip route replace default via 10.0.0.253");
  CHECK(bed.until([&] { return bed.has_route("0.0.0.0", 0, "10.0.0.253"); }));
  run("ip route add default via 10.0.0.252 metric 100 && ip route del default metric 0");
  CHECK(bed.until([&] { return bed.has_route("0.0.0.0", 0, "10.0.0.252"); }));
  run("ip route prepend default via 10.0.0.251 metric 100");
  CHECK(bed.until([&] { return bed.has_route("0.0.0.0", 0, "10.0.0.251"); }));
  run("ip route add 192.0.2.0/24 nexthop via 10.0.0.5 nexthop via 10.0.0.6");
  CHECK(bed.until([&] { return bed.has_route("192.0.2.0", 24, "10.0.0.5"); }));
  run("ip route del 192.0.2.0/24 && ip route add blackhole 192.0.2.0/24");
  CHECK(bed.until([&] { return !bed.has_route("192.0.2.0", 24, "10.0.0.5"); }));
  const Network network = bed.mirror->network();
  const Routes routes(network.routes, {});
  CHECK(routes.route(ip("192.0.2.1")) == nullptr);
  CHECK(routes.route(ip("192.0.3.1")) != nullptr);

  const Mirror fresh(std::vector<KernelInterface>{{bed.tap.ifindex(), kInside}});
  run("ip route del blackhole 192.0.2.0/24");  // hangs on no interface, so it would outlive this one
  CHECK(fresh.network().routes.size() == network.routes.size());
  CHECK(fresh.network().local == network.local);

  // An interface set down takes its routes along without a word.
  run("ip link set sy-in down");
  CHECK(bed.until([&] { return !bed.has_route("0.0.0.0", 0, "10.0.0.251"); }));
  CHECK(bed.until([&] { return bed.mirror->synced(); }));
  CHECK_FALSE(bed.has_route("10.0.0.0", 16, "0.0.0.0"));
}

TEST_CASE("the mirror follows neighbours as ip changes them") {
  Bed bed;
  run("ip neigh add 10.0.0.7 lladdr 02:53:59:00:00:11 dev sy-in nud stale");
  CHECK(bed.until([&] { return bed.resolved("10.0.0.7"); }));
  CHECK(bed.neighbour("10.0.0.7")->mac == kServer);
  CHECK(bed.mirror->network().neighbours ==
        std::vector<ResolvedNeighbour>{{kInside, ip("10.0.0.7"), kServer}});
  run("ip neigh replace 10.0.0.7 lladdr 02:53:59:00:00:12 dev sy-in nud permanent");
  CHECK(bed.until([&] { return bed.neighbour("10.0.0.7")->mac.bytes[5] == 0x12; }));
  run("ip neigh del 10.0.0.7 dev sy-in");
  CHECK(bed.until([&] { return !bed.resolved("10.0.0.7"); }));
}

TEST_CASE("lost notifications are made up for by a new dump") {
  Bed bed({.receive_buffer = 4096});
  batch([](std::ofstream& f) {
    for (int i = 0; i < 3000; ++i)
      f << fmt::format("neigh replace 10.0.{}.{} lladdr 02:53:59:01:{:02x}:{:02x} dev sy-in nud permanent\n",
                       1 + i / 250, 1 + i % 250, i / 250, i % 250);
    f << "neigh del 10.0.1.1 dev sy-in\nroute add 192.0.2.0/24 via 10.0.0.9\n";
  });
  CHECK(bed.until([&] {
    return bed.mirror->synced() && bed.mirror->network().neighbours.size() == 2999 &&
           bed.has_route("192.0.2.0", 24, "10.0.0.9");
  }));
  CHECK(bed.mirror->lost() > 0);
  run("ip neigh flush dev sy-in nud permanent");
  CHECK(bed.until([&] { return bed.mirror->synced() && bed.mirror->network().neighbours.empty(); }));
}

TEST_CASE("100,000 routes and 10,000 neighbours are mirrored, changed and dropped") {
  Bed bed;
  batch([](std::ofstream& f) {
    for (int i = 0; i < 100000; ++i)
      f << fmt::format("route add 100.{}.{}.{}/29 via 10.0.0.9\n", 64 + i / 8192, i / 32 % 256, i % 32 * 8);
  });
  batch([](std::ofstream& f) {
    for (int i = 0; i < 10000; ++i)
      f << fmt::format("neigh add 10.0.{}.{} lladdr 02:53:59:02:{:02x}:{:02x} dev sy-in nud permanent\n",
                       1 + i / 250, 1 + i % 250, i / 250, i % 250);
  });
  const auto complete = [&] {
    const Network n = bed.mirror->network();
    return bed.mirror->synced() && n.routes.size() == 100001 && n.neighbours.size() == 10000;
  };
  CHECK(bed.until(complete));
  const Mirror fresh(std::vector<KernelInterface>{{bed.tap.ifindex(), kInside}});
  CHECK(fresh.network().routes.size() == 100001);
  bed.mirror->resync();
  CHECK_FALSE(bed.mirror->process().routes);
  CHECK(bed.until(complete));
  run("ip link set sy-in down");
  CHECK(bed.until([&] { return bed.mirror->synced() && bed.mirror->network().routes.empty(); }));
}

TEST_CASE("a kept neighbour is asked for, resolved and managed") {
  Bed bed;
  Resolver resolver(bed.mirror->view());
  resolver.keep(kInside, ip("10.0.0.11"));
  int requests = 0;
  CHECK(bed.until([&] { return bed.resolved("10.0.0.11"); },
                  [&] { requests += bed.answer_arp("10.0.0.11", &kServer); }));
  CHECK(requests >= 1);
  CHECK(bed.neighbour("10.0.0.11")->mac == kServer);
  CHECK(resolver.managed());
  CHECK(bed.neighbour("10.0.0.11")->managed);
  CHECK(ip_prints("neigh show dev sy-in", "10.0.0.11 .*managed"));

  resolver.probe(kInside, ip("10.0.0.11"));  // must not end the management
  CHECK(ip_prints("neigh show dev sy-in", "10.0.0.11 .*managed"));

  // Flushed by the operator: asked for again.
  std::chrono::milliseconds now{1000};
  run("ip neigh del 10.0.0.11 dev sy-in");
  CHECK(bed.until([&] { return !bed.resolved("10.0.0.11"); }));
  requests = 0;
  CHECK(bed.until([&] { return bed.resolved("10.0.0.11") && bed.neighbour("10.0.0.11")->managed; },
                  [&] {
                    resolver.tend(now += std::chrono::milliseconds(100));
                    requests += bed.answer_arp("10.0.0.11", &kServer);
                  }));
  CHECK(requests >= 1);

  resolver.keep_only(std::vector<OnLink>{{kInside, ip("10.0.0.12")}});
  CHECK(resolver.kept() == 1);
  CHECK_FALSE(ip_prints("neigh show dev sy-in", "10.0.0.11 .*managed"));
  CHECK(ip_prints("neigh show dev sy-in", "10.0.0.12 .*managed"));
  resolver.forget(kInside, ip("10.0.0.12"));
  CHECK(resolver.kept() == 0);
}

TEST_CASE("a kept neighbour's new MAC is noticed") {
  Bed bed;
  Resolver resolver(bed.mirror->view());
  run("echo 0 > /proc/sys/net/ipv4/neigh/sy-in/locktime");
  resolver.keep(kInside, ip("10.0.0.11"));
  CHECK(bed.until([&] { return bed.resolved("10.0.0.11"); }, [&] { bed.answer_arp("10.0.0.11", &kServer); }));
  CHECK(bed.tap.write(gratuitous_arp(kPort, ip("10.0.0.11"))));
  CHECK(bed.until([&] { return bed.neighbour("10.0.0.11")->mac == kPort; }));
  CHECK(bed.neighbour("10.0.0.11")->managed);
}

TEST_CASE("more kept neighbours than the kernel's limit of others are all kept") {
  Bed bed;
  Resolver resolver(bed.mirror->view());
  std::vector<OnLink> wanted;
  for (uint32_t i = 0; i < 3000; ++i) wanted.push_back({kInside, Ipv4::from_host(0x0a000100 + i)});
  resolver.keep_only(wanted);
  std::chrono::milliseconds now{1000};
  CHECK(bed.until(
      [&] {
        return std::ranges::all_of(wanted, [&](const OnLink& w) {
          return bed.mirror->view().neighbour(bed.tap.ifindex(), w.address) != nullptr;
        });
      },
      [&] {
        resolver.tend(now += std::chrono::milliseconds(100));
        bed.answer_arp("10.0.0.11", nullptr);
      }));
  CHECK(resolver.no_room() == 0);
  resolver.keep_only({});
  CHECK_FALSE(ip_prints("neigh show dev sy-in nud all", "managed"));
  CHECK_FALSE(ip_prints("neigh show dev sy-in nud all", "extern_learn"));
}

TEST_CASE("a kept neighbour that doesn't answer is asked for until it does") {
  Bed bed;
  Resolver resolver(bed.mirror->view());
  resolver.keep(kInside, ip("10.0.0.11"));
  std::chrono::milliseconds now{0};
  const auto failed = [&] {
    const auto* n = bed.neighbour("10.0.0.11");
    return n != nullptr && !n->usable();
  };
  CHECK(bed.until(failed, [&] { bed.answer_arp("10.0.0.11", nullptr); }));
  int requests = 0;
  CHECK(bed.until([&] { return bed.resolved("10.0.0.11"); },
                  [&] {
                    resolver.tend(now += std::chrono::milliseconds(100));
                    requests += bed.answer_arp("10.0.0.11", &kServer);
                  }));
  CHECK(requests >= 1);
}

TEST_CASE("without NTF_MANAGED a stale neighbour is confirmed by asking again") {
  Bed bed;
  Resolver resolver(bed.mirror->view(), false);
  run("echo 1 > /proc/sys/net/ipv4/neigh/sy-in/delay_first_probe_time");
  resolver.keep(kInside, ip("10.0.0.11"));
  CHECK(bed.until([&] { return bed.resolved("10.0.0.11"); }, [&] { bed.answer_arp("10.0.0.11", &kServer); }));
  CHECK_FALSE(bed.neighbour("10.0.0.11")->managed);
  run("ip neigh replace 10.0.0.11 lladdr 02:53:59:00:00:11 dev sy-in nud stale");
  CHECK(bed.until([&] { return bed.neighbour("10.0.0.11")->state == 4; }));  // NUD_STALE
  std::chrono::milliseconds now{1000};
  int requests = 0;
  CHECK(bed.until([&] { return requests > 0 && bed.neighbour("10.0.0.11")->state == 2; },
                  [&] {  // NUD_REACHABLE
                    resolver.tend(now += std::chrono::milliseconds(100));
                    requests += bed.answer_arp("10.0.0.11", &kServer);
                  }));
}

TEST_CASE("a probe resolves a neighbour once, and one set for good is left alone") {
  Bed bed;
  Resolver resolver(bed.mirror->view());
  resolver.probe(kInside, ip("10.0.0.21"));
  CHECK(bed.until([&] { return bed.resolved("10.0.0.21"); }, [&] { bed.answer_arp("10.0.0.21", &kServer); }));
  CHECK_FALSE(bed.neighbour("10.0.0.21")->managed);
  CHECK(resolver.kept() == 0);

  run("ip neigh add 10.0.0.22 lladdr 02:53:59:00:00:22 dev sy-in nud permanent");
  CHECK(bed.until([&] { return bed.resolved("10.0.0.22"); }));
  resolver.keep(kInside, ip("10.0.0.22"));
  resolver.probe(kInside, ip("10.0.0.22"));
  resolver.tend(std::chrono::seconds(5));
  CHECK(ip_prints("neigh show 10.0.0.22 dev sy-in", "PERMANENT"));
}

TEST_CASE("the kernel's settings are read, reported and set for our interfaces") {
  run("echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects");
  run("echo 0 > /proc/sys/net/ipv4/ip_forward");
  CHECK(forwarding_warning());
  run("echo 1 > /proc/sys/net/ipv4/ip_forward");
  CHECK_FALSE(forwarding_warning());
  Tap tap({"sy-in", kPort, 1500});
  CHECK(settle_interface("sy-in").size() == 1);
  CHECK(read_sysctl("net/ipv4/conf/sy-in/rp_filter") == 2);
  CHECK(read_sysctl("net/ipv4/conf/sy-in/send_redirects") == 0);
  run("echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects");
  CHECK(settle_interface("sy-in").empty());
  CHECK_FALSE(settle_interface("sy-none").empty());
  CHECK_FALSE(read_sysctl("net/ipv4/no/such/setting"));
}
