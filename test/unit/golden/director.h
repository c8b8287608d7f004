// Steelyard in the place of the recorded IPVS director (test/golden): the same addresses, services and
// packets, the real worker and control core, a clock of the test's own.
#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "packets.h"
#include "replay/engine.h"

namespace steelyard::golden {

// The recorded file `name`.json.
boost::json::object recorded(const std::string& name);

inline const Ipv4 kVirtual = test::ip("10.10.0.100");
enum Side : uint8_t { kC = 0, kS = 1 };  // port indices: clients' side, servers' side

struct Seen {
  Side side;
  test::Bytes packet;  // IP, without the link layer
};

struct Outcome {
  replay::Counts counts;
  std::vector<Seen> out;
};

struct ConnectionView {
  std::string protocol, client, vip, rs, state;
  int64_t expires = 0;  // whole seconds, as IPVS prints them
};

class GoldenDirector {
 public:
  struct Options {
    uint16_t server_side_mtu = 1500;
    bool sloppy_tcp = false;
  };
  explicit GoldenDirector(Options options);
  GoldenDirector() : GoldenDirector(Options{}) {}

  // `ipvsadm -R` lines: -A -E -a -e -d. IPVS inserts a server at the head of its list: so do we.
  void ipvsadm(const std::vector<std::string>& lines);
  // `ipvsadm --set`, for all services.
  void set_timeouts(std::chrono::seconds established, std::chrono::seconds fin, std::chrono::seconds udp);

  Outcome receive(Side side, const test::Bytes& packet);
  void wait(std::chrono::milliseconds time);

  std::vector<ConnectionView> connections();
  std::vector<control::ServiceView> services() { return engine_.director().services(); }
  replay::Engine& engine() { return engine_; }

 private:
  void command(const std::vector<std::string>& words);
  config::Service& service(Protocol protocol, Endpoint address);

  Options options_;
  std::vector<config::Service> services_;
  replay::Engine engine_;
  int64_t ns_ = 0;
};

Endpoint parse_endpoint(const std::string& text);  // "10.0.0.1:80"

}  // namespace steelyard::golden
