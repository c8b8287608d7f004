#include "replay/program.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <system_error>

#include "config/config.h"
#include "replay/eal.h"
#include "replay/engine.h"
#include "replay/flow_map.h"
#include "replay/options.h"
#include "replay/pcap.h"
#include "replay/report.h"
#include "replay/verify.h"
#include "steelyard_version.h"

namespace steelyard::replay {

namespace {

constexpr int kConfiguration = 1, kUsage = 2, kStartUp = 3, kVerify = 4;

uint8_t port_index(const config::Config& config, const std::string& name) {
  const auto at = std::ranges::find(config.ports, name, &config::Port::name);
  if (at != config.ports.end()) return static_cast<uint8_t>(at - config.ports.begin());
  std::string known;
  for (const config::Port& p : config.ports) known += (known.empty() ? "" : ", ") + p.name;
  throw UsageError(fmt::format("no port is called {}; there are: {}", name, known));
}

using Writers = std::map<uint8_t, PcapWriter>;

Writers open_writers(const config::Config& config, const std::vector<Options::PortFile>& files) {
  Writers writers;
  for (const Options::PortFile& f : files)
    if (!writers.try_emplace(port_index(config, f.port), f.file).second)
      throw UsageError(fmt::format("two files for what leaves port {}", f.port));
  return writers;
}

void write(Writers& writers, const std::vector<Frame>& frames, int64_t ns) {
  for (const Frame& f : frames)
    if (const auto at = writers.find(f.port); at != writers.end()) at->second.write(ns, f.bytes);
}

void close(Writers& writers) {
  for (auto& [port, writer] : writers) writer.close();
}

// One run over the captures.
class Replay {
 public:
  Replay(const Options& options, const config::Config& config, const FlowMap* map,
         std::vector<MergedReader::Input> inputs, std::FILE* out, std::FILE* err)
      : options_(options),
        config_(config),
        map_(map),
        reader_(inputs),
        out_writers_(open_writers(config, options.outputs)),
        kernel_writers_(open_writers(config, options.kernel)),
        engine_(config),
        out_(out),
        err_(err) {}

  int run() {
    std::vector<Captured> batch;
    while (auto packet = reader_.next()) {
      engine_.advance(packet->ns);
      if (map_ != nullptr) packet->port = map_->place(packet->bytes, engine_.director().table());
      batch.push_back(std::move(*packet));
      if (batch.size() == options_.batch) flush(batch);
    }
    if (!batch.empty()) flush(batch);
    close(out_writers_);
    close(kernel_writers_);
    const Counts counts = engine_.counts();
    fmt::print(out_, "{}", options_.json ? to_json(counts) : to_table(counts));
    if (options_.verify) verify_end(counts);
    return wrong_ > 0 ? kVerify : 0;
  }

 private:
  void flush(std::vector<Captured>& batch) {
    const Engine::Result result = engine_.run(batch);
    number_ += batch.size();
    const Captured& last = batch.back();
    write(out_writers_, result.sent, last.ns);
    write(kernel_writers_, result.kernel, last.ns);
    if (options_.verbose)
      fmt::print(out_, "{}", describe(last, config_.ports[last.port].name, number_, result.counts));
    if (options_.verify) verify_packet(last, result);
    batch.clear();
  }

  void verify_packet(const Captured& packet, const Engine::Result& result) {
    if (result.counts.received != 1 || !result.counts.balanced())
      complain("is not accounted for exactly once");
    if (result.counts.forwarded + result.counts.originated > 0 && result.sent.empty())
      complain("was sent by the counters but not by the wire");
    if (result.counts.forwarded == 1 && !checksums_right(packet.bytes)) return;
    for (const Frame& f : result.sent)
      if (!view_ip(f.bytes) || !checksums_right(f.bytes)) complain("left with a wrong checksum");
  }

  void verify_end(const Counts& counts) {
    if (counts.received != number_ || !counts.balanced()) complain("(all): the sums do not agree");
    if (engine_.io().in_flight() != 0) complain("(all): packet buffers leaked");
  }

  void complain(const char* what) {
    ++wrong_;
    fmt::print(err_, "steelyard-replay: packet {} {}\n", number_, what);
  }

  const Options& options_;
  const config::Config& config_;
  const FlowMap* map_;
  MergedReader reader_;
  Writers out_writers_, kernel_writers_;
  Engine engine_;
  std::FILE *out_, *err_;
  uint64_t number_ = 0, wrong_ = 0;
};

int replay_configured(const Options& options, std::FILE* out, std::FILE* err) {
  std::vector<config::Message> warnings;
  const config::Config config = config::load(options.config, warnings);
  for (const config::Message& w : warnings) fmt::print(err, "warning: {}\n", w.format());
  std::vector<MergedReader::Input> inputs;
  for (const Options::PortFile& f : options.inputs) inputs.push_back({port_index(config, f.port), f.file});
  return Replay(options, config, nullptr, std::move(inputs), out, err).run();
}

int replay_mapped(const Options& options, std::FILE* out, std::FILE* err) {
  std::vector<MergedReader::Input> inputs;
  for (const Options::PortFile& f : options.inputs) inputs.push_back({0, f.file});
  FlowMap map(*options.map);
  MergedReader first_pass(inputs);
  while (const auto packet = first_pass.next()) map.learn(packet->bytes);
  const config::Config config = map.configuration();
  return Replay(options, config, &map, std::move(inputs), out, err).run();
}

int dispatch(const Options& options, std::FILE* out, std::FILE* err) {
  switch (options.mode) {
    case Options::Mode::help:
      fmt::print(out, "{}", help_text());
      return 0;
    case Options::Mode::version:
      fmt::print(out, "steelyard-replay {}\n", STEELYARD_VERSION);
      return 0;
    case Options::Mode::run:
      break;
  }
  return options.map ? replay_mapped(options, out, err) : replay_configured(options, out, err);
}

}  // namespace

int run_program(int argc, const char* const* argv, std::FILE* out, std::FILE* err) {
  try {
    return dispatch(parse_options(argc, argv), out, err);
  } catch (const config::Error& e) {
    for (const config::Message& m : e.messages()) fmt::print(err, "{}\n", m.format());
    return kConfiguration;
  } catch (const UsageError& e) {
    fmt::print(err, "steelyard-replay: {}; --help tells more\n", e.what());
    return kUsage;
  } catch (const std::exception& e) {
    fmt::print(err, "steelyard-replay: {}\n", e.what());
    return kStartUp;
  }
}

}  // namespace steelyard::replay
