#include "health/rise_fall.h"

#include <string>

#include <catch2/catch.hpp>

using namespace steelyard;
using health::RiseFall;
using health::State;

namespace {

// The states after each result ('+' passed, '-' failed): 'c' checking, 'u' up, 'd' down; a change in upper
// case.
std::string states(unsigned rise, unsigned fall, const char* results) {
  RiseFall server(rise, fall);
  std::string out(server.state() == State::checking ? "c" : "?");
  for (const char* r = results; *r != 0; ++r) {
    const bool changed = server.take(*r == '+');
    const char now = server.state() == State::up ? 'u' : server.state() == State::down ? 'd' : 'c';
    out += changed ? static_cast<char>(now - 'a' + 'A') : now;
  }
  return out;
}

}  // namespace

TEST_CASE("a server rises and falls by its results in a row", "[health]") {
  struct Row {
    const char* name;
    unsigned rise, fall;
    const char *results, *states;
  };
  const Row rows[] = {
      {"one pass is enough at the start", 3, 3, "++", "cUu"},
      {"a first failure takes `rise` passes", 3, 3, "-+++", "cDddU"},
      {"fewer than `fall` failures change nothing", 2, 3, "+--+--+", "cUuuuuuu"},
      {"`fall` failures in a row take it out, once", 2, 3, "+-----", "cUuuDdd"},
      {"`rise` passes in a row bring it back", 2, 3, "+---++", "cUuuDdU"},
      {"a failure between starts the count anew", 3, 1, "+-++-+++", "cUDdddddU"},
      {"passes before count for nothing when it falls", 1, 2, "++++-+--", "cUuuuuuuD"},
      {"one and one follow every result", 1, 1, "-+-+", "cDUDU"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(states(row.rise, row.fall, row.results) == row.states);
  }
}

TEST_CASE("results in a row are counted", "[health]") {
  RiseFall server(2, 3);
  CHECK(server.in_a_row() == 0);
  server.take(false);
  CHECK(server.in_a_row() == 1);
  server.take(false);
  CHECK(server.in_a_row() == 2);
  server.take(true);
  CHECK(server.in_a_row() == 1);
}
