#include "datapath/rig.h"

#include <fstream>

#include <fmt/format.h>
#include <rte_cycles.h>

#include "config/config.h"
#include "conn/memory.h"

namespace steelyard::bench {
namespace {

std::vector<PortInfo> ports(const config::Config& config) {
  std::vector<PortInfo> list;
  for (std::size_t i = 0; i < config.ports.size(); ++i)
    list.push_back({kOwnMacs.at(i), {}, config.ports[i].mtu.value_or(1500)});
  return list;
}

std::unique_ptr<control::Director> make_director(const config::Config& config, const Rig::Options& options) {
  control::DirectorOptions o{.workers = options.workers, .hash_seed = {0x9d1c, 0x77e1}};
  o.huge_pages = options.huge_pages;
  if (o.huge_pages) try {
      return std::make_unique<control::Director>(config, ports(config), o);
    } catch (const std::system_error&) {
      const uint32_t connections = config.director.connections;
      fmt::print(
          stderr,
          "\rsteelyard-bench: a table for {} connections needs {} MB of huge pages, and so many are not "
          "free: it is on normal pages, and slower for it\n",
          connections, conn::Memory::bytes_for(connections) >> 20);
      o.huge_pages = false;
    }
  return std::make_unique<control::Director>(config, ports(config), o);
}

// The connection of a SYN that leaves, and its server; no server of ours if it goes elsewhere.
std::pair<uint32_t, uint32_t> opened_by(const rte_mbuf& m) {
  const auto& ip = *rte_pktmbuf_mtod_offset(&m, const Ipv4Header*, 14);
  const auto& tcp = *rte_pktmbuf_mtod_offset(&m, const TcpHeader*, 34);
  return {swap32(tcp.sequence), swap32(ip.destination) - server_endpoint(0).address.host()};
}

}  // namespace

config::Config own_configuration(uint32_t connections, bool one_port) {
  const std::string_view inside = one_port ? "outside" : "inside";
  std::string text = fmt::format(R"(
director: {{connections: {}}}
ports:
  - {{name: outside, mac: "02:00:00:00:00:01", addresses: [198.51.100.1/24{}
routes:
  - {{to: 0.0.0.0/0, via: 198.51.100.254, port: outside}}
neighbours:
  - {{address: 198.51.100.254, mac: "02:00:00:00:01:00", port: outside}}
)",
                                 std::max<uint32_t>(connections, 1000),
                                 one_port ? ", 10.0.0.1/24]}"
                                          : "]}\n  - {name: inside, mac: \"02:00:00:00:00:02\", "
                                            "addresses: [10.0.0.1/24]}");
  std::string servers;
  for (unsigned s = 0; s < kServers; ++s) {
    text += fmt::format("  - {{address: 10.0.0.{}, mac: \"02:00:00:00:02:{:02x}\", port: {}}}\n", 11 + s, s,
                        inside);
    servers += fmt::format("      - {{address: 10.0.0.{}, port: 8080}}\n", 11 + s);
  }
  text +=
      "services:\n  - name: bench\n    address: 203.0.113.10\n    port: 80\n    scheduler: rr\n"
      "    no_connection: drop\n    servers:\n" +
      servers;
  std::vector<config::Message> warnings;
  config::Config config = config::load_text(text, "benchmark", warnings);
  config.director.icmp_error_rate = config.director.reset_rate = std::nullopt;
  config.director.kernel_rates.fill(std::nullopt);
  return config;
}

std::size_t present_memory() {
  std::ifstream file("/proc/self/smaps_rollup");
  std::size_t kilobytes = 0;
  for (std::string line; std::getline(file, line);)
    for (const char* key : {"Rss:", "Shared_Hugetlb:", "Private_Hugetlb:"})
      if (line.starts_with(key)) kilobytes += std::stoul(line.substr(line.find(':') + 1));
  return kilobytes * 1024;
}

Clock::Clock() noexcept
    : cycles_per_us_(std::max<uint64_t>(1, rte_get_tsc_hz() / 1'000'000)),
      start_us_(rte_rdtsc() / cycles_per_us_) {}

uint64_t Clock::milliseconds() const noexcept { return uint64_t{now(rte_rdtsc()).ticks} * 250; }

Rig::Lane::Lane(unsigned id, const BufferPool& buffers, control::Director& director)
    : nic(buffers, kOwnMacs, {kGatewayMac, server_mac(0)}),
      worker(id, nic, director.shared(), director.counters(id), director.limits()) {}

Rig::Rig(const Options& options, const BufferPool& buffers)
    : Rig(own_configuration(options.connections, options.one_port), options, buffers) {}

Rig::Rig(const config::Config& config, const Options& options, const BufferPool& buffers)
    : before_(present_memory()),
      director_(make_director(config, options)),
      memory_bytes_(present_memory() - before_),
      one_port_(options.one_port) {
  for (unsigned id = 0; id < options.workers; ++id) {
    lanes_.push_back(std::make_unique<Lane>(id, buffers, *director_));
    director_->grace().register_thread(id);
  }
  tick();
}

Rig::~Rig() {
  for (unsigned id = 0; id < lanes_.size(); ++id) director_->grace().unregister_thread(id);
}

uint64_t Rig::run(unsigned worker, uint64_t packets) noexcept {
  Lane& lane = *lanes_[worker];
  director_->grace().online(worker);
  uint64_t done = 0;
  while (done < packets) {
    const uint16_t n = lane.worker.turn(clock_.now(rte_rdtsc()));
    if (n == 0) break;
    done += n;
  }
  director_->grace().offline(worker);
  return done;
}

void Rig::run_all() noexcept {
  while (run(0, 1 << 20) != 0) {
  }
}

void Rig::tick() { director_->tick(clock_.milliseconds()); }

void Rig::play(std::span<const Spec> specs, const MemoryNic::Observer& sent) {
  nic(0).load(specs, false);
  nic(0).observe(sent);
  run_all();
  nic(0).observe({});
}

std::vector<uint8_t> Rig::open(uint32_t flows) {
  constexpr uint32_t kPiece = 1 << 13;
  std::vector<uint8_t> server_of(flows, kRefused);
  uint32_t opened = 0;
  std::vector<Spec> specs;
  const auto note = [&](uint8_t, std::span<rte_mbuf* const> packets) {
    for (const rte_mbuf* m : packets)
      if (const auto [flow, server] = opened_by(*m); flow < flows && server < kServers) {
        server_of[flow] = static_cast<uint8_t>(server);
        ++opened;
      }
  };
  for (uint32_t first = 0; first < flows; first += kPiece) {
    const uint32_t end = std::min(flows, first + kPiece);
    specs.clear();
    for (uint32_t flow = first; flow < end; ++flow) specs.push_back(from_client(flow, kSyn));
    play(specs, note);
    if (opened + refused() != end || refused() > end / 100'000)
      throw WrongAnswer(fmt::format("{} of {} connections opened ({})", opened, end, fate()));
    specs.clear();
    for (uint32_t flow = first; flow < end; ++flow) {
      if (server_of[flow] == kRefused) continue;
      specs.push_back(from_server(flow, server_of[flow], kSyn | kAck));
      specs.push_back(from_client(flow, kAck));
    }
    if (one_port_) to_one_port(specs);
    play(specs);
    tick();  // not before: in a table as full as this, half-open connections give way
  }
  if (refused() > 0)
    fmt::print(stderr, "steelyard-bench: {} of {} connections were refused: both their buckets are full\n",
               refused(), flows);
  return server_of;
}

uint64_t Rig::refused() const {
  return director_->drops()[static_cast<std::size_t>(DropReason::bucket_full)];
}

void Rig::clear() {
  while (director_->table().size() > 0) {
    clock_.jump(std::chrono::seconds(1000));
    for (int i = 0; i < 8; ++i) {  // a pass of the sweep takes four seconds, reclamation a turn more
      clock_.jump(std::chrono::seconds(1));
      tick();
    }
  }
}

std::string Rig::fate() const {
  const auto [received, forwarded, kernel, originated] = director_->packets();
  std::string text = fmt::format("{} received, {} forwarded, {} for the kernel", received, forwarded, kernel);
  const auto drops = director_->drops();
  for (std::size_t r = 0; r < drops.size(); ++r)
    if (drops[r] != 0) text += fmt::format(", {} {}", drops[r], to_string(static_cast<DropReason>(r)));
  return text;
}

uint64_t Rig::drops() const {
  uint64_t sum = 0;
  for (const uint64_t n : director_->drops()) sum += n;
  return sum;
}

}  // namespace steelyard::bench
