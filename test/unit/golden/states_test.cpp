// TCP states, their timeouts and what they count as, after every path that was recorded.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "director.h"

using namespace steelyard;
using namespace steelyard::golden;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const Endpoint kVip = test::ep("10.10.0.100", 80);

uint8_t flags_of(std::string_view letters) {
  uint8_t flags = 0;
  for (const char c : letters) flags = static_cast<uint8_t>(flags | 1 << std::string_view("FSRPAU").find(c));
  return flags;
}

// A client's packets to the service and its server's answers.
class Flow {
 public:
  Flow(GoldenDirector& director, uint16_t port) : director_(director), client_(test::ep("10.11.0.1", port)) {}

  // "C:SA": from the client with SYN and ACK; "S:" from the server without a flag.
  Outcome play(std::string_view event) {
    const uint8_t flags = flags_of(event.substr(2));
    const bool from_client = event[0] == 'C';
    const auto here = find();
    const Endpoint server = here ? parse_endpoint(here->rs) : test::ep("10.20.0.11", 80);
    return director_.receive(
        from_client ? kC : kS,
        test::tcp(from_client ? client_ : server, from_client ? kVip : client_, flags).df().ip_bytes());
  }
  void play_path(const json::value& path) {
    for (const json::value& event : path.as_array()) play(json::value_to<std::string>(event));
  }
  std::optional<ConnectionView> find() {
    for (const ConnectionView& c : director_.connections())
      if (c.client == to_string(client_)) return c;
    return std::nullopt;
  }

 private:
  GoldenDirector& director_;
  Endpoint client_;
};

// ["ESTABLISHED", 900], the seconds possibly one low, or null.
void check_state(const std::optional<ConnectionView>& got, const json::value& wanted) {
  if (wanted.is_null()) {
    CHECK_FALSE(got);
    return;
  }
  REQUIRE(got);
  CHECK(got->state == json::value_to<std::string>(wanted.at(0)));
  CHECK(got->expires - wanted.at(1).as_int64() >= 0);
  CHECK(got->expires - wanted.at(1).as_int64() <= 1);
}

// "S TCP cli > 10.20.0.11:80 [SA] seq=1000 ack=5001 data=0", as the recording prints a packet.
std::string print(const Seen& seen) {
  const auto word = [&seen](std::size_t at) {
    return uint32_t{seen.packet[at]} << 24 | uint32_t{seen.packet[at + 1]} << 16 |
           uint32_t{seen.packet[at + 2]} << 8 | seen.packet[at + 3];
  };
  const auto endpoint = [&](std::size_t address, std::size_t port) {
    const Ipv4 a = Ipv4::from_host(word(address));
    if (a == test::ip("10.11.0.1")) return std::string("cli");
    return fmt::format("{}:{}", to_string(a), word(port) >> 16);
  };
  std::string letters;
  const uint8_t flags = seen.packet[33];
  for (int i = 0; i < 6; ++i)
    if ((flags >> i & 1) != 0) letters += "FSRPAU"[i];
  return fmt::format("{} TCP {} > {} [{}] seq={} ack={} data={}", seen.side == kC ? 'C' : 'S',
                     endpoint(12, 20), endpoint(16, 22), letters, word(24), word(28),
                     seen.packet.size() - 40);
}

struct Load {
  int64_t active = 0, inactive = 0;
};
Load load(GoldenDirector& director) {
  const control::Totals t = director.services().at(0).totals;
  return {t.active, t.inactive};
}

// IPVS lets a connection that a SYN replaced run out on its own and counts it until then (0 or -1 at the time
// it was read); here it ends, and is no longer counted, at once.
bool is_replaced(const json::value& state, const std::string& event) {
  if (state.is_null()) return false;
  const std::string name = json::value_to<std::string>(state.at(0));
  return event.starts_with("C:S") && (name == "TIME_WAIT" || name == "CLOSE");
}

void check_event(GoldenDirector& director, Flow& flow, const std::string& event, const json::object& wanted,
                 bool replaced) {
  const Load before = load(director);
  const Outcome got = flow.play(event);
  const Load after = load(director);
  check_state(flow.find(), wanted.at("to"));
  if (const json::value& change = wanted.at("dact,dinact"); !change.is_null()) {
    CHECK(after.active - before.active == change.at(0).as_int64());
    CHECK(after.inactive - before.inactive == (replaced ? -1 : change.at(1).as_int64()));
  }
  std::string out, recorded_out;
  for (const Seen& s : got.out) out += print(s) + "\n";
  for (const json::value& line : wanted.at("out").as_array())
    recorded_out += json::value_to<std::string>(line) + "\n";
  // A server's packet without a connection: the kernel forwards it, on the kernel path here.
  if (got.counts.kernel == 1 && event[0] == 'S' && wanted.at("to").is_null()) return;
  CHECK(out == recorded_out);
}

}  // namespace

TEST_CASE("every packet takes every TCP state where IPVS takes it", "[golden]") {
  const json::object file = recorded("tcp_states");
  GoldenDirector director;
  director.ipvsadm(json::value_to<std::vector<std::string>>(file.at("log").at(0).at("ipvsadm")));
  uint16_t port = 20000;
  std::size_t events = 0;
  for (const auto& [name, recording] : file.at("result").as_object()) {
    for (const auto& [event, wanted] : recording.at("on").as_object()) {
      INFO(std::string(name) << ", then " << std::string(event));
      Flow flow(director, port++);
      flow.play_path(recording.at("path"));
      check_state(flow.find(), recording.at("state"));
      check_event(director, flow, std::string(event), wanted.as_object(),
                  is_replaced(recording.at("state"), std::string(event)));
      ++events;
    }
  }
  CHECK(events > 200);
}

TEST_CASE("a SYN on an existing connection stays or is scheduled anew as with IPVS", "[golden]") {
  const json::object file = recorded("syn_reuse_mode_1"), states = recorded("tcp_states");
  GoldenDirector director;
  for (const json::value& entry : file.at("log").as_array())
    if (const json::value* lines = entry.as_object().if_contains("ipvsadm"))
      director.ipvsadm(json::value_to<std::vector<std::string>>(*lines));
  uint16_t port = 20000;
  for (const auto& [name, recording] : file.at("result").as_object()) {
    INFO(std::string(name));
    Flow flow(director, port++);
    flow.play_path(states.at("result").at(name).at("path"));
    const auto before = flow.find();
    REQUIRE(before);
    CHECK(before->state == json::value_to<std::string>(recording.at("before").at(0).at(0)));
    CHECK(before->rs == json::value_to<std::string>(recording.at("before").at(0).at(1)));
    flow.play("C:S");
    const auto after = flow.find();
    REQUIRE(after);
    const json::value& wanted = recording.at("after").at(0);
    CHECK(after->state == json::value_to<std::string>(wanted.at(0)));
    CHECK(after->rs == json::value_to<std::string>(wanted.at(1)));
    CHECK(after->rs == fmt::format("10.20.0.{}:80", recording.at("SYN goes to").as_int64()));
  }
}

TEST_CASE("timeouts are IPVS's, and what can be set changes what it changes there", "[golden]") {
  const json::object file = recorded("timeouts_set");
  const std::pair<const char*, std::vector<std::string_view>> paths[] = {
      {"syn", {"C:S"}},
      {"est", {"C:S", "S:SA", "C:A"}},
      {"clientfin", {"C:S", "S:SA", "C:A", "C:FA"}},
      {"serverfin", {"C:S", "S:SA", "C:A", "S:FA"}},
      {"bothfin", {"C:S", "S:SA", "C:A", "S:FA", "C:FA"}}};
  GoldenDirector director;
  director.ipvsadm(json::value_to<std::vector<std::string>>(file.at("log").at(0).at("ipvsadm")));
  uint16_t port = 20000;
  for (const char* which : {"default", "set_100_20_30"}) {
    if (std::string_view(which) != "default") director.set_timeouts(100s, 20s, 30s);
    const json::object& wanted = file.at("result").at(which).as_object();
    for (const auto& [name, path] : paths) {
      INFO(which << " " << name);
      Flow flow(director, port++);
      for (const std::string_view event : path) flow.play(event);
      check_state(flow.find(), wanted.at(name).at(0));
    }
    Flow udp(director, port);
    director.receive(kC, test::udp(test::ep("10.11.0.1", port), test::ep("10.10.0.100", 53), "q").ip_bytes());
    check_state(udp.find(), wanted.at("udp").at(0));
    director.receive(kS,
                     test::udp(test::ep("10.20.0.11", 53), test::ep("10.11.0.1", port++), "r").ip_bytes());
    check_state(udp.find(), wanted.at("udp_reply").at(0));
  }
}

TEST_CASE("packets of both directions refresh a connection's timer", "[golden]") {
  const json::object file = recorded("timeout_refresh");
  GoldenDirector director;
  director.ipvsadm(json::value_to<std::vector<std::string>>(file.at("log").at(0).at("ipvsadm")));
  Flow flow(director, 20000);
  for (const std::string_view event : {"C:S", "S:SA", "C:A"}) flow.play(event);
  const json::array& wanted = file.at("result").as_array();
  REQUIRE(wanted.size() == 4);
  check_state(flow.find(), wanted[0].at(1).at(0));
  director.wait(3200ms);
  check_state(flow.find(), wanted[1].at(1).at(0));
  flow.play("S:A");
  check_state(flow.find(), wanted[2].at(1).at(0));
  director.wait(3200ms);
  CHECK(flow.find()->expires < 900);
  flow.play("C:A");
  check_state(flow.find(), wanted[3].at(1).at(0));
}

TEST_CASE("a connection ends at its timeout, at most five seconds late", "[golden]") {
  GoldenDirector director;
  director.ipvsadm({"-A -t 10.10.0.100:80 -s rr", "-a -t 10.10.0.100:80 -r 10.20.0.11:80 -m"});
  Flow flow(director, 20000);
  flow.play("C:S");
  director.wait(59s);
  CHECK(flow.find());
  CHECK(load(director).active == 1);
  director.wait(6s);
  CHECK_FALSE(flow.find());
  CHECK(load(director).active == 0);
}
