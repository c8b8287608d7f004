#include "director.h"

#include <algorithm>
#include <bit>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "control/connection_list.h"

namespace steelyard::golden {

namespace {

using namespace std::chrono_literals;

const Mac kOurs[] = {test::mac("02:00:00:00:00:0c"), test::mac("02:00:00:00:00:05")};
const Mac kPeers[] = {test::mac("02:00:00:00:01:0c"), test::mac("02:00:00:00:01:05")};

config::Config network(const GoldenDirector::Options& options) {
  config::Config c;
  c.director.connections = 4096;
  config::Port clients, servers;
  clients.name = "C", clients.mac = kOurs[kC], clients.addresses = {{test::ip("10.10.0.1"), 24, {}}};
  servers.name = "S", servers.mac = kOurs[kS], servers.addresses = {{test::ip("10.20.0.1"), 24, {}}};
  servers.mtu = options.server_side_mtu;
  c.ports = {clients, servers};
  c.routes = {{Prefix{test::ip("10.11.0.0"), 16}, test::ip("10.10.0.2"), "C", 0, {}}};
  c.neighbours = {{test::ip("10.10.0.2"), kPeers[kC], "C", 0, {}}};
  for (uint32_t last = 11; last < 20; ++last)
    c.neighbours.push_back({Ipv4::from_host(test::ip("10.20.0.0").host() + last), kPeers[kS], "S", 0, {}});
  return c;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

// The word behind `option`, or `otherwise`.
std::string after(const std::vector<std::string>& words, const std::string& option,
                  std::string otherwise = "") {
  const auto at = std::ranges::find(words, option);
  return at == words.end() || std::next(at) == words.end() ? otherwise : *std::next(at);
}

}  // namespace

boost::json::object recorded(const std::string& name) {
  std::ifstream in(std::string(STEELYARD_GOLDEN) + "/" + name + ".json");
  if (!in) throw std::runtime_error("no recording " + name);
  std::stringstream text;
  text << in.rdbuf();
  return boost::json::parse(text.str()).as_object();
}

Endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.find(':');
  return test::ep(text.substr(0, colon), static_cast<uint16_t>(std::stoul(text.substr(colon + 1))));
}

GoldenDirector::GoldenDirector(Options options) : options_(options), engine_(network(options)) {
  engine_.advance(ns_);
}

config::Service& GoldenDirector::service(Protocol protocol, Endpoint address) {
  for (config::Service& s : services_)
    if (s.protocol == protocol && s.address == address) return s;
  config::Service s;
  s.name = to_string(address) + std::string(to_string(protocol));
  s.protocol = protocol, s.address = address;
  s.sloppy_tcp = options_.sloppy_tcp;
  std::ranges::copy(default_timeouts(), s.timeouts.begin());
  return services_.emplace_back(std::move(s));
}

void GoldenDirector::command(const std::vector<std::string>& words) {
  const bool tcp = std::ranges::find(words, "-t") != words.end();
  config::Service& s =
      service(tcp ? Protocol::tcp : Protocol::udp, parse_endpoint(after(words, tcp ? "-t" : "-u")));
  const std::string& verb = words.at(0);
  if (verb == "-A" || verb == "-E") {
    s.scheduler = after(words, "-s");
    s.one_packet = std::ranges::find(words, "-o") != words.end();
    if (const std::string timeout = after(words, "-p"); !timeout.empty()) {
      const Ipv4 mask = test::ip(after(words, "-M", "255.255.255.255"));
      s.persistence = config::Persistence{.timeout = std::chrono::seconds(std::stoul(timeout)),
                                          .prefix = static_cast<uint8_t>(std::popcount(mask.be)),
                                          .group = "",
                                          .at = {}};
    }
    s.scheduler_options = {};
    std::istringstream options(after(words, "-b"));
    for (std::string option; std::getline(options, option, ',');)
      if (!set_option(*find_scheduler(s.scheduler), option, s.scheduler_options))
        throw std::invalid_argument("ipvsadm -b " + option);
    return;
  }
  const Endpoint address = parse_endpoint(after(words, "-r"));
  const auto weight = static_cast<uint32_t>(std::stoul(after(words, "-w", "1")));
  const auto at = std::ranges::find(s.servers, address, &config::Server::address);
  if (verb == "-a")
    s.servers.insert(s.servers.begin(), {address, weight, {}});
  else if (verb == "-e")
    at->weight = weight;
  else if (verb == "-d")
    s.servers.erase(at);
  else
    throw std::invalid_argument("ipvsadm " + verb);
}

void GoldenDirector::ipvsadm(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) command(words_of(line));
  engine_.director().set_services(services_);
}

void GoldenDirector::set_timeouts(std::chrono::seconds established, std::chrono::seconds fin,
                                  std::chrono::seconds udp) {
  for (config::Service& s : services_) {
    s.timeouts[static_cast<std::size_t>(State::established)] = established;
    s.timeouts[static_cast<std::size_t>(State::fin_wait)] = fin;
    s.timeouts[static_cast<std::size_t>(State::udp)] = udp;
  }
  engine_.director().set_services(services_);
}

Outcome GoldenDirector::receive(Side side, const test::Bytes& packet) {
  const test::Bytes frame = test::ip_frame(packet).macs(kOurs[side], kPeers[side]);
  replay::Engine::Result result = engine_.run(side, frame);
  Outcome outcome{result.counts, {}};
  for (replay::Frame& f : result.sent) {
    const test::Bytes link(f.bytes.begin(), f.bytes.begin() + 14);
    const test::Bytes wanted = test::raw_frame(0x0800, {}).macs(kPeers[f.port], kOurs[f.port]);
    if (link != wanted) throw std::runtime_error("wrong link layer: " + test::hex(link));
    outcome.out.push_back({static_cast<Side>(f.port), test::Bytes(f.bytes.begin() + 14, f.bytes.end())});
  }
  if (engine_.io().in_flight() != 0) throw std::runtime_error("a packet buffer leaked");
  return outcome;
}

void GoldenDirector::wait(std::chrono::milliseconds time) {
  // As the daemon's loop would: no step longer than a tick.
  for (; time > 0ms; time -= kTick) {
    ns_ += std::chrono::nanoseconds(std::min(time, kTick)).count();
    engine_.advance(ns_);
    engine_.run({});
  }
}

// As ipvsadm -Lnc has them: templates too.
std::vector<ConnectionView> GoldenDirector::connections() {
  std::vector<ConnectionView> all;
  control::ConnectionFilter filter;
  filter.listed = control::Listed::all;
  control::ConnectionList list(engine_.director(), filter, ~uint64_t{0});
  const auto add = [&all](const control::ConnectionView& c) {
    const bool assured = c.persistence && c.persistence->assured;
    all.push_back({c.protocol == Protocol::tcp ? "TCP" : "UDP", to_string(c.client),
                   to_string(c.virtual_endpoint), to_string(c.server),
                   assured ? "ASSURED" : std::string(to_string(c.state)), c.expires_in / 1s});
  };
  while (list.next(add)) {
  }
  return all;
}

}  // namespace steelyard::golden
