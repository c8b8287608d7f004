// A million connections a second over two workers, on simulated time: how close the published schedules come
// to a scheduler that sees each connection come and go.
#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "control/director.h"
#include "net/checksum.h"
#include "packets.h"
#include "pipeline/worker.h"
#include "replay/eal.h"
#include "replay/memory_io.h"

using namespace steelyard;

namespace {

constexpr uint32_t kArrivals = 700'000;  // one a microsecond
constexpr uint32_t kTurn = 16;           // arrivals, and microseconds, between two turns of a worker
constexpr uint32_t kHeld = 100'000;      // us; the first server holds its connections three times as long
constexpr std::size_t kClosed = 1000;    // endpoints a client leaves alone before it uses one again

const Endpoint kVip = test::ep("203.0.113.10", 80);

struct Service {
  const char* scheduler;
  std::vector<uint32_t> weights;
};

uint32_t held(std::size_t server) { return server == 0 ? 3 * kHeld : kHeld; }

config::Config config_of(const Service& service) {
  config::Config c;
  c.director.connections = 300'000;
  c.ports = {{.name = "outside", .device = "", .addresses = {{test::ip("203.0.113.1"), 24, {}}}},
             {.name = "inside", .device = "", .addresses = {{test::ip("10.0.0.1"), 24, {}}}}};
  config::Service s;
  s.name = "web", s.address = kVip, s.scheduler = service.scheduler;
  for (std::size_t i = 0; i < service.weights.size(); ++i) {
    const Ipv4 address = Ipv4::from_host(test::ip("10.0.0.11").host() + static_cast<uint32_t>(i));
    s.servers.push_back({{address, Port::from_host(80)}, service.weights[i], {}});
    c.neighbours.push_back({address, test::mac("02:00:00:00:00:11"), "inside", 0, {}});
  }
  c.services = {s};
  return c;
}

// A client's packets, cut from two patterns: only its endpoint differs, and the IP checksum with it.
class Clients {
 public:
  static Endpoint endpoint(uint32_t id) {
    return {Ipv4::from_host(kFirst.host() + (id & 0xffff)),
            Port::from_host(static_cast<uint16_t>(20000 + (id >> 16)))};
  }
  std::span<const uint8_t> packet(uint32_t id, bool opens) {
    test::Bytes& bytes = opens ? syn_ : fin_;
    auto* ip = reinterpret_cast<Ipv4Header*>(&bytes[sizeof(EthernetHeader)]);
    auto* tcp = reinterpret_cast<TcpHeader*>(ip + 1);
    const Endpoint client = endpoint(id);
    ip->checksum = apply(ip->checksum, ip_delta(Ipv4{ip->source}, client.address));
    ip->source = client.address.be;
    tcp->source_port = client.port.be;
    return bytes;
  }

 private:
  inline static const Ipv4 kFirst = test::ip("10.11.0.0");
  test::Bytes syn_ = test::tcp({kFirst, Port::from_host(20000)}, kVip, kSyn).bytes();
  test::Bytes fin_ = test::tcp({kFirst, Port::from_host(20000)}, kVip, kFin | kAck).bytes();
};

replay::MemoryIo::Options io_options() {
  replay::start_private_eal(64);
  replay::MemoryIo::Options o;
  o.longest = 256, o.fragments = 64, o.keep = false;
  return o;
}

// The greatest distance of a server's active connections for its weight from the mean of all, in percent.
double spread(const std::vector<int64_t>& active, const std::vector<uint32_t>& weights) {
  std::vector<double> loads;
  for (std::size_t i = 0; i < active.size(); ++i)
    loads.push_back(static_cast<double>(active[i]) / weights[i]);
  const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / static_cast<double>(loads.size());
  double worst = 0;
  for (const double load : loads) worst = std::max(worst, std::abs(load - mean) / mean * 100);
  return worst;
}

class TwoWorkers {
 public:
  explicit TwoWorkers(const Service& service)
      : service_(service), director_(config_of(service), ports(), {.workers = 2}) {
    for (unsigned w = 0; w < 2; ++w) {
      director_.grace().register_thread(w);
      director_.grace().online(w);
    }
  }
  ~TwoWorkers() {
    for (unsigned w = 0; w < 2; ++w) {
      director_.grace().offline(w);
      director_.grace().unregister_thread(w);
    }
  }

  void run() {
    for (uint32_t us = 0; us < kArrivals; us += kTurn) {
      if (us % 1000 < kTurn) ticks_ = director_.tick(kStartMs + us / 1000);
      turn(us);
    }
  }

  std::vector<int64_t> active() const {
    std::vector<int64_t> active;
    const auto services = director_.services();
    for (const control::ServerView& s : services[0].servers) active.push_back(s.totals.active);
    return active;
  }
  const control::Schedules::Statistics& schedules() const { return director_.schedules(); }

 private:
  static constexpr uint64_t kStartMs = 1'000'000;
  static std::vector<PortInfo> ports() {
    return {{test::mac("02:00:00:00:00:01"), {}, 1500}, {test::mac("02:00:00:00:00:02"), {}, 1500}};
  }

  // What comes in one turn, alternately to either worker: ends and arrivals.
  void turn(uint32_t us) {
    const unsigned w = us / kTurn % 2;
    std::vector<uint32_t>& ends = ends_[us / kTurn];
    for (const uint32_t id : ends) push(w, id, false);
    std::vector<uint32_t> opened;
    for (uint32_t i = 0; i < kTurn; ++i) {
      opened.push_back(next_client());
      push(w, opened.back(), true);
    }
    take_turns(w, us);
    for (const uint32_t id : opened) ends_[(us + held(server_of(id))) / kTurn].push_back(id);
    closed_.insert(closed_.end(), ends.begin(), ends.end());
    ends = {};
  }

  uint32_t next_client() {
    if (closed_.size() < kClosed) return clients_++;
    const uint32_t id = closed_.front();
    closed_.pop_front();
    return id;
  }

  void push(unsigned w, uint32_t id, bool opens) {
    io_[w].push(0, packets_.packet(id, opens));
    if (io_[w].waiting() >= kBatchSize) take_turns(w, 0);
  }

  void take_turns(unsigned w, uint32_t us) {
    while (workers_[w].turn({ticks_, us}) > 0) {
    }
  }

  std::size_t server_of(uint32_t id) const {
    const Endpoint client = Clients::endpoint(id);
    const Connection* c = director_.table().find({client, kVip, Protocol::tcp, Direction::inbound},
                                                 director_.table().hash(client, Protocol::tcp));
    if (c == nullptr) throw std::runtime_error("a SYN was not let in");
    return c->server;  // slots are given in the order of the file
  }

  Service service_;
  control::Director director_;
  replay::MemoryIo io_[2] = {replay::MemoryIo(io_options()), replay::MemoryIo(io_options())};
  Worker<replay::MemoryIo> workers_[2] = {
      {0, io_[0], director_.shared(), director_.counters(0), director_.limits()},
      {1, io_[1], director_.shared(), director_.counters(1), director_.limits()}};
  Clients packets_;
  Ticks ticks_ = 0;
  std::deque<uint32_t> closed_;
  uint32_t clients_ = 0;
  std::vector<std::vector<uint32_t>> ends_ =
      std::vector<std::vector<uint32_t>>((kArrivals + 4 * kHeld) / kTurn);
};

// The same arrivals, each scheduled with every count up to date.
std::vector<int64_t> per_arrival(const Service& service) {
  const auto n = static_cast<uint32_t>(service.weights.size());
  std::vector<Candidate> servers(n);
  for (uint32_t i = 0; i < n; ++i) servers[i] = {.server = i, .weight = service.weights[i]};
  std::vector<std::vector<uint32_t>> ends(kArrivals + 4 * kHeld);
  for (uint32_t us = 0; us < kArrivals; ++us) {
    for (const uint32_t server : ends[us]) --servers[server].active;
    Schedule schedule;
    find_scheduler(service.scheduler)->fill({.servers = servers, .window = 1}, schedule);
    const uint32_t server = schedule.picks[0];
    ++servers[server].active;
    ends[us + held(server)].push_back(server);
  }
  std::vector<int64_t> active;
  for (const Candidate& s : servers) active.push_back(s.active);
  return active;
}

}  // namespace

TEST_CASE("under fast arrivals loads stay level to one percent", "[control][fast]") {
  const Service service = GENERATE(Service{"lc", {1, 1, 1, 1}}, Service{"wlc", {4, 3, 2, 1}},
                                   Service{"sed", {4, 3, 2, 1}}, Service{"rr", {1, 1, 1, 1}});
  DYNAMIC_SECTION(service.scheduler) {
    TwoWorkers director(service);
    director.run();
    const double got = spread(director.active(), service.weights);
    const bool follows = std::string(service.scheduler) != "rr";
    if (!follows) {
      WARN(fmt::format("rr: {} active, {:.2f} % off the mean", fmt::join(director.active(), " "), got));
      CHECK(got > 1);
      return;
    }
    const std::vector<int64_t> exact = per_arrival(service);
    WARN(fmt::format(
        "{}: {} active, {:.2f} % off the mean; per arrival {}, {:.2f} %; {} schedules, {} picks repeated",
        service.scheduler, fmt::join(director.active(), " "), got, fmt::join(exact, " "),
        spread(exact, service.weights), director.schedules().published, director.schedules().repeated));
    CHECK(got <= 1);
    CHECK(spread(exact, service.weights) <= 1);
  }
}
