// Captures as traffic of established connections: opened by the capture itself, then checked and played over
// and over. Packets come in the capture's order; with several copies, one copy after the other.
#include <chrono>

#include <fmt/format.h>

#include "base/start_error.h"
#include "datapath/captures.h"
#include "datapath/established.h"
#include "datapath/frame_check.h"
#include "replay/flow_map.h"

namespace steelyard::bench {
namespace {

constexpr std::size_t kTickEvery = 1 << 13;  // packets

// A director with one port has both sides there.
void merge_ports(config::Config& config) {
  config::Port inside = std::move(config.ports.back());
  config.ports.pop_back();
  config::Port& port = config.ports.front();
  port.addresses.insert(port.addresses.end(), inside.addresses.begin(), inside.addresses.end());
  for (config::Neighbour& n : config.neighbours) n.port = port.name;
}

class CaptureTraffic : public Established {
 public:
  CaptureTraffic(const Setting& setting, const BufferPool& buffers)
      : setting_(setting), captures_(*setting.captures), map_(captures_.servers, captures_.copies) {
    if (captures_.frames.size() * captures_.copies > kMostTraffic)
      throw StartError(
          fmt::format("{} packets of captures, {} copies: more than {} packets to come; lower --multiply",
                      captures_.frames.size(), captures_.copies, kMostTraffic));
    const auto begin = std::chrono::steady_clock::now();
    if (captures_.map)
      open_mapped(buffers);
    else
      open_as_they_are(buffers);
    seconds_to_open_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    flows_ = rig_->director().table().size();
    if (flows_ == 0)
      throw StartError(captures_.map ? "--map: no packet of the captures opens a connection"
                                     : "no packet of the captures goes to the benchmark's service "
                                       "203.0.113.10:80 (TCP): --map makes traffic of any capture");
    check_balance();
    make_packets();
    share();
  }

  void load(MemoryNic& nic, unsigned worker, bool loop) const override {
    nic.load(store_, traffic_[worker], loop);
  }
  std::size_t packets(unsigned worker) const override { return traffic_[worker].size(); }

  // All were looked at one by one; now that batches treat them in the same way.
  void check(unsigned worker) override {
    MemoryNic& nic = rig_->nic(worker);
    const uint64_t before = nic.sent();
    load(nic, worker, false);
    rig_->run(worker, packets(worker));
    const uint64_t sent = nic.sent() - before, expected = sent_for(worker, 0, packets(worker));
    if (sent != expected)
      throw WrongAnswer(fmt::format("nat: in batches {} packets were sent, one by one {} ({})", sent,
                                    expected, rig_->fate()));
  }
  uint64_t sent_for(unsigned worker, std::size_t at, uint64_t n) const override {
    const std::vector<uint64_t>& before = sent_before_[worker];
    const std::size_t all = packets(worker);
    const uint64_t end = at + n;
    return end / all * before[all] + before[end % all] - before[at];
  }

 private:
  Rig::Options options() const { return {0, setting_.workers, setting_.huge_pages, setting_.one_port}; }

  void open_mapped(const BufferPool& buffers) {
    for (const auto& f : captures_.frames) map_.learn(f);
    config_ = map_.configuration();
    // The map leaves much room, which would count as the connections' memory here.
    config_.director.connections = std::max<uint32_t>(1024, config_.director.connections / 4 * 5 / 4);
    if (setting_.one_port) merge_ports(config_);
    rig_ = std::make_unique<Rig>(config_, options(), buffers);
    for (unsigned copy = 0; copy < captures_.copies; ++copy)
      for (const auto& f : captures_.frames) run(place(f, copy), nullptr);
  }

  void open_as_they_are(const BufferPool& buffers) {
    const std::vector<Endpoint> clients = opening_order(captures_.frames);
    config_ = own_configuration(static_cast<uint32_t>(clients.size() * 5 / 4), setting_.one_port);
    rig_ = std::make_unique<Rig>(config_, options(), buffers);
    std::vector<Spec> specs;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const Endpoint client = clients[i], server = server_endpoint(i % kServers);
      specs.push_back(make_spec(client, kVirtual, 0, kOutside, kSyn, kShortest));
      specs.push_back(make_spec(server, client, 0, kInside, kSyn | kAck, kShortest));
      specs.push_back(make_spec(client, kVirtual, 0, kOutside, kAck, kShortest));
    }
    if (setting_.one_port) to_one_port(specs);
    rig_->play(specs);
  }

  replay::Frame place(const replay::Bytes& frame, unsigned copy) {
    replay::Frame placed{0, frame};
    if (captures_.map)
      placed.port = map_.place(placed.bytes, rig_->director().table(), copy);
    else  // by the port whose MAC it is sent to
      placed.port =
          frame.size() >= 6 && std::equal(frame.begin(), frame.begin() + 6, kOwnMacs[1].bytes.begin());
    if (setting_.one_port) placed.port = 0;
    return placed;
  }

  struct Fate {
    uint64_t forwarded = 0;
    std::vector<replay::Frame> sent;
  };
  // One packet in a turn of its own.
  void run(const replay::Frame& frame, Fate* fate) {
    FrameStore scratch;
    const FrameSpec spec{.frame = scratch.add(frame.bytes), .port = frame.port};
    play(scratch, spec, fate);
  }
  void play(const FrameStore& store, const FrameSpec& spec, Fate* fate) {
    MemoryNic& nic = rig_->nic(0);
    nic.load(store, std::span(&spec, 1), false);
    if (fate != nullptr) {
      fate->sent.clear();
      fate->forwarded = rig_->director().packets().forwarded;
      nic.observe([fate](uint8_t port, std::span<rte_mbuf* const> packets) {
        for (const rte_mbuf* m : packets) {
          const auto* bytes = rte_pktmbuf_mtod(m, const uint8_t*);
          fate->sent.push_back({port, {bytes, bytes + m->data_len}});
        }
      });
    }
    rig_->run_all();
    nic.observe({});
    if (fate != nullptr) fate->forwarded = rig_->director().packets().forwarded - fate->forwarded;
    if (++played_ % kTickEvery == 0) rig_->tick();
  }

  // Every packet of the traffic, looked at on its way through the director.
  void make_packets() {
    FrameChecker checker(config_);
    std::vector<uint32_t> frames;
    for (const auto& f : captures_.frames) frames.push_back(store_.add(f));
    Fate fate;
    for (unsigned copy = 0; copy < captures_.copies; ++copy)
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const replay::Frame placed = place(captures_.frames[i], copy);
        FrameSpec spec = store_.spec(frames[i], placed.bytes, placed.port);
        play(store_, spec, &fate);
        std::string wrong;
        if (fate.forwarded == 1)
          wrong = fate.sent.size() == 1 ? checker.look(placed, fate.sent[0])
                                        : fmt::format("left as {} packets", fate.sent.size());
        if (!wrong.empty())
          throw WrongAnswer(
              fmt::format("nat: packet {} of the capture, copy {}: {}", i + 1, copy + 1, wrong));
        spec.sent = static_cast<uint8_t>(fate.sent.size());
        all_.push_back(spec);
      }
  }

  // As for made-up traffic: by the client's endpoint, or at random.
  void share() {
    traffic_.resize(setting_.workers);
    uint64_t random = 7;
    for (const FrameSpec& s : all_) {
      const Endpoint client = s.port == kOutside ? Endpoint{s.source, s.source_port}
                                                 : Endpoint{s.destination, s.destination_port};
      const uint64_t by = setting_.affinity ? (uint64_t{client.address.be} << 16 | client.port.be) : ++random;
      traffic_[(by * 0x9e3779b97f4a7c15 >> 32) % setting_.workers].push_back(s);
    }
    all_ = {};
    for (const auto& t : traffic_) {
      std::vector<uint64_t>& before = sent_before_.emplace_back(1);
      before.reserve(t.size() + 1);
      for (const FrameSpec& s : t) before.push_back(before.back() + s.sent);
      if (t.empty())
        throw StartError("the captures have too few flows for so many workers: raise --multiply");
    }
  }

  void check_balance() const {
    for (const control::ServiceView& service : rig_->director().services()) {
      uint64_t least = ~uint64_t{0}, most = 0;
      for (const control::ServerView& s : service.servers) {
        least = std::min(least, s.totals.connections);
        most = std::max(most, s.totals.connections);
      }
      if (most - least > 1)
        throw WrongAnswer(
            fmt::format("{}: the servers' shares are from {} to {} connections", service.name, least, most));
    }
  }

  const Setting setting_;
  const Captures& captures_;
  replay::FlowMap map_;
  config::Config config_;
  FrameStore store_;
  std::vector<FrameSpec> all_;
  std::vector<std::vector<FrameSpec>> traffic_;     // by worker
  std::vector<std::vector<uint64_t>> sent_before_;  // by worker: sums of `sent`
  std::size_t played_ = 0;
};

}  // namespace

std::unique_ptr<Established> establish_captures(const Setting& setting, const BufferPool& buffers) {
  return std::make_unique<CaptureTraffic>(setting, buffers);
}

}  // namespace steelyard::bench
