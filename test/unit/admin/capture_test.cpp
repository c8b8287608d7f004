// GET /v1/capture and `steelyardctl capture` over a real socket, with a director whose packets the test
// makes.
#include "admin/capture.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "admin/cli.h"
#include "admin/client.h"
#include "packets.h"
#include "replay/dissect.h"
#include "replay/pcap.h"
#include "socket.h"

using namespace steelyard;
using namespace steelyard::test;
using admin::Method;
using admin::Request;

namespace {

config::Config two_services() {
  config::Config c;
  c.director.connections = 4096;
  c.ports = {{.name = "outside", .device = "0000:3b:00.0"}, {.name = "inside", .device = "0000:3b:00.1"}};
  for (const auto& [name, port] : {std::pair{"web", uint16_t{80}}, {"mail", uint16_t{25}}}) {
    config::Service s;
    s.name = name;
    s.address = ep("203.0.113.10", port);
    s.scheduler = "rr";
    s.servers = {{ep("10.0.0.11", port)}};
    c.services.push_back(s);
  }
  return c;
}

constexpr std::chrono::seconds kWall{1'700'000'000};

// A director on whose thread packets come whenever a capture asks for more.
struct Fixture {
  control::Director director{two_services(), std::vector<PortInfo>(2), {}};
  uint32_t us = 500;
  uint64_t made = 0, most = 10;
  std::function<void(capture::Ring&)> make = [this](capture::Ring& ring) {
    const Bytes frame = udp(ep("192.0.2.7", 4000), ep("203.0.113.10", 53), "hello").bytes();
    capture::Record* r = ring.append(static_cast<uint32_t>(frame.size()));
    if (r == nullptr) return;
    std::copy(frame.begin(), frame.end(), r->bytes());
    r->wire_length = static_cast<uint32_t>(frame.size()) + 100;
    r->us = us - 250;
    r->port = made % 2;
    r->reason = made % 2 != 0 ? DropReason::no_server : DropReason::count;
    ring.publish();
  };
  control::MomentClock clock = [this] {
    const capture::Active* active = director.captures().published().load();
    for (unsigned c = 0; active != nullptr && c < active->size && made < most; ++c, ++made)
      make(active->captures[c]->ring(0));
    return control::Moment{us, kWall};
  };
  RunningServer server{{{Method::get,
                         "/v1/capture",
                         [this](const Request& r) { return capture_packets(director, r, clock); },
                         {admin::kCaptureParameters.begin(), admin::kCaptureParameters.end()}}}};

  // The director notices a moment later that its client has gone.
  void wait_for_end() {
    for (int i = 0; i < 6000 && director.captures().published().load() != nullptr; ++i) usleep(10'000);
    CHECK(director.captures().published().load() == nullptr);
  }
  std::string refusal(const std::map<std::string, std::string>& query) {
    try {
      admin::stream(server.socket(), admin::target("/v1/capture", query),
                    [](std::string_view) { return false; });
      wait_for_end();
    } catch (const admin::ClientError& e) {
      return e.what();
    }
    return "none";
  }
  int run(std::vector<const char*> arguments, std::string& out, std::string& error, bool terminal = false) {
    const std::string socket = server.socket();
    arguments.insert(arguments.begin(), {"steelyardctl", "--socket", socket.c_str(), "capture"});
    std::ostringstream o, e;
    const int code = admin::run_cli(static_cast<int>(arguments.size()), arguments.data(), o, e, terminal);
    wait_for_end();
    out = o.str();
    error = e.str();
    return code;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a capture that is asked for nonsense says what is wrong", "[admin][capture]") {
  CHECK(refusal({{"service", "web"}}) == "none");
  CHECK(refusal({{"service", "ftp"}}) == "there is no service ftp; there are: web, mail");
  for (const char* wrong : {"10.0.0", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/2x", ""})
    CHECK(refusal({{"client", wrong}}) ==
          fmt::format("client {}: it takes an address or a prefix, as 192.0.2.0/24", wrong));
  CHECK(refusal({{"client", "10.0.0.1/8"}}) == "none");
  CHECK(refusal({{"drops", "no_server,nonsense"}}) ==
        "there is no drop reason nonsense; `steelyardctl show drops -o json` lists them");
  CHECK(refusal({{"drops", ""}}) == "none");
  CHECK(refusal({{"drops", "no_server,fragment"}}) == "none");
  for (const char* wrong : {"0", "-1", "x", "1x"})
    CHECK(refusal({{"count", wrong}}) == fmt::format("count {}: it takes a number from 1 on", wrong));
  for (const char* wrong : {"13", "65536", "x"})
    CHECK(refusal({{"snaplen", wrong}}) == fmt::format("snaplen {}: it takes 14 to 65535 bytes", wrong));
  CHECK(refusal({{"port", "1"}}) ==
        "unknown parameter port; /v1/capture takes service, client, drops, count, snaplen");
}

TEST_CASE_METHOD(Fixture, "libpcap reads what steelyardctl writes", "[admin][capture]") {
  const std::string file = server.directory.path + "/packets.pcapng";
  std::string out, error;
  REQUIRE(run({"--count", "7", "--write", file.c_str()}, out, error) == 0);
  CHECK(out.empty());
  replay::PcapReader reader(file);
  for (int i = 0; i < 7; ++i) {
    const auto packet = reader.next();
    REQUIRE(packet);
    CHECK(packet->ns == std::chrono::nanoseconds(kWall).count() - 250'000);
    CHECK(packet->wire_length == packet->bytes.size() + 100);
    const auto ip = replay::view_ip(packet->bytes);
    REQUIRE(ip);
    CHECK(ip->source == test::ip("192.0.2.7"));
  }
  CHECK_FALSE(reader.next());
}

TEST_CASE_METHOD(Fixture, "a capture to the standard output has the drops' reasons", "[admin][capture]") {
  std::string out, error;
  REQUIRE(run({"--count=2"}, out, error) == 0);
  CHECK(out.find("outside") != out.npos);
  CHECK(out.find("0000:3b:00.1") != out.npos);
  CHECK(out.find("capture of a director's packets, count 2") != out.npos);
  CHECK(out.find("dropped: no_server: the service has no usable real server") != out.npos);
}

TEST_CASE_METHOD(Fixture, "steelyardctl capture says what it does not take", "[admin][capture]") {
  std::string out, error;
  CHECK(run({}, out, error, true) == 2);
  CHECK_THAT(error, Catch::Contains("--write FILE"));
  CHECK(run({"-o", "json"}, out, error) == 2);
  CHECK(run({"no_server"}, out, error) == 2);
  CHECK(run({"--drops=fragment", "no_server"}, out, error) == 2);
  CHECK(run({"--drops", "no_server", "--count", "1"}, out, error) == 0);
  CHECK(run({"--write", "/nowhere/x.pcapng"}, out, error) == 1);
  CHECK(error == "steelyardctl: /nowhere/x.pcapng: No such file or directory\n");
  const std::string file = server.directory.path + "/old.pcapng";
  std::ofstream(file) << "what it held";
  CHECK(run({"--service", "ftp", "--write", file.c_str()}, out, error) == 1);
  std::ifstream old(file);
  CHECK(std::string(std::istreambuf_iterator<char>(old), {}) == "what it held");
}
