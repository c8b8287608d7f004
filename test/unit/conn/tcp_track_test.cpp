#include "conn/tcp_track.h"

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "net/headers.h"

using namespace steelyard;

namespace {

namespace json = boost::json;

json::object golden() {
  std::ifstream file(STEELYARD_GOLDEN "/tcp_states.json");
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str()).as_object();
}

struct Packet {
  Direction direction;
  uint8_t flags = 0;
};

// "C:SA": from the client, SYN and ACK.
Packet packet(std::string_view text) {
  static const std::map<char, uint8_t> kBits{{'S', kSyn}, {'A', kAck}, {'F', kFin}, {'R', kRst}};
  Packet p{text[0] == 'C' ? Direction::inbound : Direction::outbound};
  for (const char c : text.substr(2)) p.flags = static_cast<uint8_t>(p.flags | kBits.at(c));
  return p;
}

Change follow(Connection& c, std::string_view text) {
  const Packet p = packet(text);
  return track_tcp(c, p.direction, p.flags);
}

void open(Connection& c) { c.state_word.store(state_word(State::none, kInactive)); }

bool in_step(const Connection& c) {
  return ((c.state_word.load() >> 8 & kInactive) != 0) == !is_active(c.state());
}

}  // namespace

TEST_CASE("TCP states and counts are those recorded from Linux IPVS", "[conn][golden]") {
  uint32_t checked = 0;
  const json::object recorded = golden();
  for (const auto& [path, c] : recorded.at("result").as_object()) {
    const json::object& one = c.as_object();
    if (one.at("path").as_array().empty()) continue;  // no connection yet: not for the state machine alone
    for (const auto& [event, what] : one.at("on").as_object()) {
      CAPTURE(std::string(path), std::string(event));
      Connection connection;
      open(connection);
      for (const auto& p : one.at("path").as_array()) follow(connection, p.as_string());
      REQUIRE(to_string(connection.state()) == std::string_view(one.at("state").at(0).as_string()));
      const Change change = follow(connection, event);
      CHECK(to_string(connection.state()) == std::string_view(what.at("to").at(0).as_string()));
      CHECK(in_step(connection));
      ++checked;
      // A SYN on a connection in TIME_WAIT or CLOSE opens a new one there; the old one's end is in the
      // counts.
      const auto& counts = what.at("dact,dinact");
      if (counts.is_null() || (change.active == 1 && counts.at(1).as_int64() == 0)) continue;
      CHECK(change.active == counts.at(0).as_int64());
      CHECK(change.inactive == counts.at(1).as_int64());
    }
  }
  CHECK(checked == 16 * 16);
}

TEST_CASE("A connection that a service with sloppy TCP opens in the middle takes its state from there",
          "[conn]") {
  Connection c;
  open(c);
  const Change change = follow(c, "C:A");
  CHECK(c.state() == State::established);
  CHECK(change.active == 1);
  CHECK(change.inactive == -1);
}

TEST_CASE("A dead connection's state never changes", "[conn]") {
  Connection c;
  c.state_word.store(state_word(State::dead, 0));
  for (const char* p : {"C:S", "C:A", "C:FA", "C:R", "C:", "S:S", "S:A", "S:FA", "S:R", "S:"}) {
    const Change change = follow(c, p);
    CHECK(change.active == 0);
    CHECK(change.inactive == 0);
    CHECK(c.state_word.load() == state_word(State::dead, 0));
  }
  Change change;
  CHECK_FALSE(set_state(c, State::established, change));
  CHECK(c.state() == State::dead);
}

TEST_CASE("A change of state keeps the other flags", "[conn]") {
  Connection c;
  c.state_word.store(state_word(State::udp, kInactive | kWritten));
  Change change;
  REQUIRE(set_state(c, State::established, change));
  CHECK(c.state_word.load() == state_word(State::established, kWritten));
  CHECK(change.active == 1);
  CHECK(change.inactive == -1);
  REQUIRE(set_state(c, State::syn_recv, change));
  CHECK(change.active == 0);
  CHECK(change.inactive == 0);
}

TEST_CASE("PSH and URG say nothing about the state", "[conn]") {
  for (unsigned s = 0; s < kStates; ++s)
    for (const Direction d : {Direction::inbound, Direction::outbound})
      for (unsigned flags = 0; flags < 256; ++flags) {
        const auto f = static_cast<uint8_t>(flags),
                   plain = static_cast<uint8_t>(flags & ~unsigned{kPsh | kUrg | 0xc0});
        REQUIRE(tcp_transition(static_cast<State>(s), d, f) ==
                tcp_transition(static_cast<State>(s), d, plain));
      }
}
