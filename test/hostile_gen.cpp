// hostile-gen: writes hostile traffic as captures for steelyard-replay.
//   hostile-gen --outside FILE --inside FILE [--service A:P] [--server A:P ...] [--client A:P] [--seed N]
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <boost/program_options.hpp>
#include <pcap/pcap.h>

#include "hostile.h"

namespace {

using namespace steelyard;
namespace po = boost::program_options;

Endpoint endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument("no address:port: " + text);
  const unsigned long port = std::stoul(text.substr(colon + 1));
  if (port > 0xffff) throw std::invalid_argument("no port: " + text);
  return test::ep(text.substr(0, colon), static_cast<uint16_t>(port));
}

class Capture {
 public:
  explicit Capture(const std::string& file)
      : pcap_(pcap_open_dead(DLT_EN10MB, 65535), pcap_close), dump_(nullptr, pcap_dump_close) {
    dump_.reset(pcap_dump_open(pcap_.get(), file.c_str()));
    if (!dump_) throw std::runtime_error(pcap_geterr(pcap_.get()));
  }
  void write(const test::Bytes& frame, uint64_t us) {
    pcap_pkthdr header{};
    header.ts.tv_sec = static_cast<time_t>(us / 1'000'000);
    header.ts.tv_usec = static_cast<suseconds_t>(us % 1'000'000);
    header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
    pcap_dump(reinterpret_cast<u_char*>(dump_.get()), &header, frame.data());
  }
  void finish() {
    if (pcap_dump_flush(dump_.get()) != 0) throw std::runtime_error("cannot write the capture");
  }

 private:
  std::unique_ptr<pcap_t, decltype(&pcap_close)> pcap_;
  std::unique_ptr<pcap_dumper_t, decltype(&pcap_dump_close)> dump_;
};

void generate(const po::variables_map& flags) {
  test::Targets targets;
  targets.client = endpoint(flags["client"].as<std::string>());
  targets.service = endpoint(flags["service"].as<std::string>());
  for (const auto& server : flags["server"].as<std::vector<std::string>>())
    targets.servers.push_back(endpoint(server));
  targets.outside = test::mac(flags["outside-mac"].as<std::string>());
  targets.inside = test::mac(flags["inside-mac"].as<std::string>());
  Capture outside(flags["outside"].as<std::string>()), inside(flags["inside"].as<std::string>());
  uint64_t us = 1'000'000;
  for (const auto& frame : test::hostile(targets, flags["seed"].as<uint32_t>()))
    (frame.from_server ? inside : outside).write(frame.bytes, us += 50);
  outside.finish();
  inside.finish();
}

po::options_description options() {
  using Text = std::string;
  po::options_description o("hostile-gen writes hostile traffic as captures for steelyard-replay");
  o.add_options()("help", "this text")("outside", po::value<Text>()->required(),
                                       "capture of the clients' side");
  o.add_options()("inside", po::value<Text>()->required(), "capture of the servers' side");
  o.add_options()("client", po::value<Text>()->default_value("192.0.2.1:20000"), "first client endpoint");
  o.add_options()("service", po::value<Text>()->default_value("203.0.113.10:80"),
                  "virtual endpoint, TCP and UDP");
  o.add_options()("server",
                  po::value<std::vector<Text>>()->default_value({"10.0.0.11:8080"}, "10.0.0.11:8080"),
                  "real server; repeatable");
  o.add_options()("outside-mac", po::value<Text>()->default_value("02:00:00:00:00:01"),
                  "of the director's port");
  o.add_options()("inside-mac", po::value<Text>()->default_value("02:00:00:00:00:02"),
                  "of the director's port");
  o.add_options()("seed", po::value<uint32_t>()->default_value(1), "of all randomness");
  return o;
}

}  // namespace

int main(int argc, char** argv) try {
  const po::options_description o = options();
  po::variables_map flags;
  po::store(po::parse_command_line(argc, argv, o), flags);
  if (flags.count("help") != 0) {
    std::cout << o;
    return 0;
  }
  po::notify(flags);
  generate(flags);
  return 0;
} catch (const std::exception& e) {
  std::cerr << "hostile-gen: " << e.what() << '\n';
  return 1;
}
