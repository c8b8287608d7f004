// Our code in a worker allocates nothing, locks nothing and calls nothing: a whole worker on net_ring ports
// under seccomp and an allocator that ends the process, with traffic of every kind, each frame verified.
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <sched.h>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>

#include "control/director.h"
#include "dpdk/control_io.h"
#include "dpdk/eal.h"
#include "dpdk/ports.h"
#include "dpdk/queue_io.h"
#include "dpdk/worker_loop.h"
#include "forbid.h"
#include "packets.h"
#include "pipeline/worker.h"

namespace steelyard::dpdk {
namespace {

using namespace steelyard::test;

constexpr uint8_t kOutside = 0, kInside = 1;
const Mac kClientMac = mac("02:00:00:00:00:c1"), kServerMac = mac("02:00:00:00:00:51");
const Endpoint kClient = ep("198.51.100.100", 20000), kWeb = ep("198.51.100.10", 80),
               kDns = ep("198.51.100.10", 53), kEmpty = ep("198.51.100.10", 81),
               kWebServer = ep("10.0.0.11", 8080), kDnsServer = ep("10.0.0.11", 53);
const Ipv4 kOwn = ip("198.51.100.1");

// In the child: what goes wrong there ends it with a sentence.
void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

std::vector<unsigned> allowed_cores() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  std::vector<unsigned> cores;
  for (unsigned c = 0; c < CPU_SETSIZE; ++c)
    if (CPU_ISSET(c, &set)) cores.push_back(c);
  return cores;
}

config::Config configuration() {
  std::vector<config::Message> warnings;
  return config::load_text(fmt::format(R"(
director: {{control_core: {}, worker_cores: [{}], connections: 1k, idle: sleep, eal: ["--no-huge", "-m", "128"]}}
ports:
  - {{name: outside, device: net_ring_outside, addresses: [198.51.100.1/24]}}
  - {{name: inside, device: net_ring_inside, addresses: [10.0.0.1/24]}}
neighbours:
  - {{address: 198.51.100.100, mac: "02:00:00:00:00:c1", port: outside}}
  - {{address: 10.0.0.11, mac: "02:00:00:00:00:51", port: inside}}
services:
  - {{name: web, address: 198.51.100.10, port: 80, servers: [{{address: 10.0.0.11, port: 8080}}]}}
  - {{name: dns, address: 198.51.100.10, port: 53, protocol: udp, servers: [{{address: 10.0.0.11, port: 53}}]}}
  - {{name: empty, address: 198.51.100.10, port: 81, servers: [{{address: 10.0.0.11, port: 81, weight: 0}}]}}
)",
                                       allowed_cores().front(), allowed_cores().back()),
                           "quiet.yaml", warnings);
}

// The far ends of two net_ring ports.
class FarEnds {
 public:
  FarEnds() {
    for (const char* name : {"outside", "inside"}) {
      Wire& wire = wires_.emplace_back();
      wire.to = ring(name, "to");
      wire.from = ring(name, "from");
      require(rte_eth_from_rings(name, &wire.to, 1, &wire.from, 1, 0) >= 0, "no net_ring port");
    }
  }
  void put(uint8_t port, const Bytes& frame, rte_mempool& pool) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(&pool);
    require(mbuf != nullptr, "no mbuf: leaked?");
    std::copy(frame.begin(), frame.end(),
              reinterpret_cast<uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<uint16_t>(frame.size()))));
    require(rte_ring_enqueue(wires_[port].to, mbuf) == 0, "ring full");
  }
  // Waits for a frame.
  Bytes take(uint8_t port) {
    void* object = nullptr;
    for (int i = 0; rte_ring_dequeue(wires_[port].from, &object) != 0; ++i) {
      require(i < 100'000, fmt::format("nothing comes out of port {}", port));
      usleep(100);
    }
    auto* mbuf = static_cast<rte_mbuf*>(object);
    require(rte_pktmbuf_linearize(mbuf) == 0, "segments");
    const auto* data = rte_pktmbuf_mtod(mbuf, const uint8_t*);
    Bytes bytes(data, data + mbuf->data_len);
    rte_pktmbuf_free(mbuf);
    return bytes;
  }
  bool silent() const {
    return rte_ring_empty(wires_[kOutside].from) == 1 && rte_ring_empty(wires_[kInside].from) == 1;
  }

 private:
  struct Wire {
    rte_ring *to = nullptr, *from = nullptr;
  };
  static rte_ring* ring(const char* name, const char* direction) {
    rte_ring* r = rte_ring_create(fmt::format("{}_{}", direction, name).c_str(), 1024, SOCKET_ID_ANY, 0);
    require(r != nullptr, "no ring");
    return r;
  }
  std::vector<Wire> wires_;
};

// A director with one worker, which is forbidden everything.
class Quiet {
 public:
  Quiet() {
    director_.tick(1000);
    control_.ticks = director_.tick(1250);
    ports_.start();
    threads_.launch([this](unsigned) {
      forbid_this_thread();
      // Not `idle: sleep`, which calls the system when nothing comes.
      run_worker(worker_, io_, 0, director_.grace(), config::Idle::poll, control_, progress_,
                 director_.counters(0));
      while (true) {  // it may not even end
      }
    });
  }

  void put(uint8_t port, const Frame& frame) { ends_.put(port, frame.bytes(), ports_.pools().packets()); }
  Bytes take(uint8_t port) { return ends_.take(port); }
  // A frame in by one port must come out by another as that one, with right checksums.
  void passes(uint8_t in, const Frame& frame, uint8_t out, const Frame& expected, const char* what) {
    put(in, frame);
    const Bytes got = take(out);
    require(hexdump(got) == hexdump(with_macs(out, expected.ttl(63))),
            fmt::format("{}:\n{}", what, hexdump(got)));
  }
  Bytes kernel(uint8_t port) {
    Bytes got;
    for (int i = 0; got.empty(); ++i) {
      require(i < 100'000, "nothing comes up to the kernel");
      io_of_control_.drain(
          1,
          [&](uint8_t p, std::span<const uint8_t> f) {
            require(p == port, "the wrong port");
            got.assign(f.begin(), f.end());
          },
          [](Ipv4, std::span<const uint8_t>) {});
      usleep(100);
    }
    return got;
  }
  void dropped(DropReason reason, uint64_t n) {
    const auto count = [&] { return director_.drops()[static_cast<std::size_t>(reason)]; };
    for (int i = 0; count() < n; ++i) {
      require(i < 100'000, fmt::format("not dropped as {}", to_string(reason)));
      usleep(100);
    }
    require(ends_.silent(), fmt::format("{} is answered", to_string(reason)));
  }
  bool relay(uint8_t port, const Frame& frame) { return io_of_control_.send(port, frame.bytes()); }
  void end() {
    control_.stop = true;
    for (int i = 0; progress_.running; ++i) {
      require(i < 100'000, "the worker does not stop");
      usleep(100);
    }
    const auto packets = director_.packets();
    uint64_t drops = 0;
    for (const uint64_t n : director_.drops()) drops += n;
    require(packets.received == packets.forwarded + packets.kernel + drops,
            "not every packet is accounted for");
  }

 private:
  Frame with_macs(uint8_t port, const Frame& frame) const {
    return frame.macs(port == kInside ? kServerMac : kClientMac, infos_[port].mac);
  }
  std::vector<PortInfo> with_small_mtu() const {
    std::vector<PortInfo> infos = ports_.infos();
    infos[kOutside].mtu = 1000;
    return infos;
  }
  config::Config config_ = configuration();
  Eal eal_{config_};
  FarEnds ends_;
  Ports ports_{config_, 1};
  ControlIo io_of_control_{1, ports_.pools()};
  std::vector<PortInfo> infos_ = with_small_mtu();
  control::Director director_{config_, infos_, {1, {1, 2}, false}};
  QueueIo io_{ports_, io_of_control_, 0};
  Worker<QueueIo> worker_{0, io_, director_.shared(), director_.counters(0), director_.limits()};
  LoopProgress progress_;
  LoopControl control_;
  WorkerThreads threads_{1, control_};
};

Endpoint client(unsigned i) {
  return {kClient.address, steelyard::Port::from_host(static_cast<uint16_t>(20000 + i))};
}

void connections(Quiet& q) {
  for (unsigned i = 0; i < 100; ++i) {
    const Endpoint c = client(i);
    for (const uint8_t flags : {uint8_t{kSyn}, uint8_t{kAck}, uint8_t{kFin | kAck}}) {
      q.passes(kOutside, tcp(c, kWeb, flags, "request"), kInside, tcp(c, kWebServer, flags, "request"),
               "to the server");
      const auto reply = static_cast<uint8_t>(flags | kAck);
      q.passes(kInside, tcp(kWebServer, c, reply, "reply"), kOutside, tcp(kWeb, c, reply, "reply"),
               "to the client");
    }
    q.passes(kOutside, udp(c, kDns, "question"), kInside, udp(c, kDnsServer, "question"),
             "UDP to the server");
    q.passes(kInside, udp(kDnsServer, c, "answer"), kOutside, udp(kDns, c, "answer"), "UDP to the client");
  }
}

uint8_t ip_protocol(const Bytes& frame) { return frame.at(14 + 9); }
uint8_t icmp_type(const Bytes& frame) { return frame.at(14 + 20); }

void answered(Quiet& q, uint8_t port, const Frame& frame, Protocol protocol, int icmp, const char* what) {
  q.put(port, frame);
  const Bytes got = q.take(port);
  require(ip_protocol(got) == static_cast<uint8_t>(protocol) && checksums_ok(got), what);
  if (icmp >= 0) require(icmp_type(got) == icmp, what);
}

void answers(Quiet& q) {
  answered(q, kOutside, tcp(client(500), kWeb, kAck), Protocol::tcp, -1, "RST without a connection");
  answered(q, kOutside, tcp(client(501), kEmpty, kSyn), Protocol::icmp, kIcmpUnreachable, "no server");
  answered(q, kOutside, tcp(client(0), kWeb, kAck).ttl(1), Protocol::icmp, kIcmpTimeExceeded,
           "time exceeded");
  const std::string large(1200, 'x');
  answered(q, kInside, udp(kDnsServer, client(0), large).df(), Protocol::icmp, kIcmpUnreachable, "too large");
}

void fragments(Quiet& q) {
  const std::string large(1400, 'x');
  for (int i = 0; i < 50; ++i) {
    q.put(kInside, udp(kDnsServer, client(0), large));
    const Bytes first = q.take(kOutside), second = q.take(kOutside);
    require(first.size() <= 1014 && second.size() <= 1014, "fragments too large");
    require(first.size() + second.size() == 2 * 34 + 8 + large.size(), "fragments incomplete");
    require(checksums(first).ip && checksums(second).ip, "fragments' checksums");
  }
}

void kernel_and_drops(Quiet& q) {
  const Frame arp = arp_request(kClient.address, kOwn), ping = echo(kClient.address, kOwn);
  for (const Frame& frame : {arp, ping}) {
    q.put(kOutside, frame);
    require(hexdump(q.kernel(kOutside)) == hexdump(frame), "the kernel's frame");
  }
  require(q.relay(kInside, arp), "the control core's ring");
  require(hexdump(q.take(kInside)) == hexdump(arp), "the control core's frame");
  q.put(kOutside, tcp(client(0), kWeb, kAck).bad_ip_checksum());
  q.dropped(DropReason::bad_ip_checksum, 1);
  q.put(kOutside, tcp(client(0), kWeb, kAck).total_length(9000));
  q.dropped(DropReason::truncated, 1);
  q.put(kOutside, udp(client(0), kDns, "part").mf());
  q.dropped(DropReason::fragment, 1);
}

}  // namespace

TEST_CASE(
    "A worker on net_ring under seccomp and with an allocator that aborts forwards traffic of all kinds",
    "[quiet]") {
  CHECK(in_child([] {
          auto* quiet = new Quiet;  // its worker's thread never ends, so it can't go
          connections(*quiet);
          answers(*quiet);
          fragments(*quiet);
          kernel_and_drops(*quiet);
          quiet->end();
        }) == "");
}

TEST_CASE("What a worker must not do is caught", "[quiet]") {
  const auto caught = [](const std::function<void()>& misdeed) {
    return in_child([&] {
      std::thread([&] {
        forbid_this_thread();
        misdeed();
        while (true) {
        }
      }).join();
    });
  };
  CHECK(caught([] { ::getppid(); }) == "system call 110");
  // The compiler may leave out an allocation that nobody sees.
  const auto seen = [](auto* memory) {
    asm volatile("" : "+r"(memory));
    return memory;
  };
  CHECK(caught([seen] { std::free(seen(std::malloc(1))); }) == "malloc");
  CHECK(caught([seen] { delete seen(new int); }) == "malloc");
  std::mutex mutex;
  CHECK(caught([&] { mutex.lock(); }) == "pthread_mutex_lock");
}

}  // namespace steelyard::dpdk
