#include "load/report.h"

#include <string>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace steelyard::load;
using namespace std::chrono_literals;

namespace {

Result served(const char* body, std::chrono::nanoseconds latency = 1ms) {
  return {Outcome::served, {latency}, body, true};
}

int64_t sum(const boost::json::value& counts) {
  int64_t total = 0;
  for (const auto& entry : counts.as_object()) total += entry.value().to_number<int64_t>();
  return total;
}

}  // namespace

TEST_CASE("Short printable bodies name themselves, others by length and hash", "[load]") {
  CHECK(body_label("server 1\n") == "server 1");
  CHECK(body_label("server 1") == "server 1");
  CHECK(body_label("") == "");
  CHECK(body_label(std::string(65, 'a')).substr(0, 15) == "65 bytes, fnv1a");
  CHECK(body_label(std::string(65, 'a')) != body_label(std::string(64, 'a') + "b"));
  CHECK(body_label("\x01") != body_label("\x02"));
}

TEST_CASE("Bodies are told apart only so far, but all are counted", "[load]") {
  Tally tally;
  for (int i = 0; i < 1500; ++i) tally.add(served(std::to_string(i).c_str()));
  tally.add(served("7"));
  CHECK(tally.bodies().size() == 1001);
  CHECK(tally.bodies().at("7") == 2);
  CHECK(tally.bodies().at("(others)") == 500);
}

TEST_CASE("The JSON report accounts for every connection", "[load]") {
  Tally tally;
  for (int i = 0; i < 3; ++i) tally.add(served("server 1\n"));
  tally.add(served("server 2\n", 80ms));
  for (const Outcome outcome : {Outcome::refused, Outcome::timed_out, Outcome::reset, Outcome::reset,
                                Outcome::wrong_body, Outcome::no_local_port})
    tally.add({outcome, {}, "x", true});
  tally.add({Outcome::served, {1ms, 1ms}, "server 1\n", false});

  const boost::json::value report = boost::json::parse(to_json({20, 2s, 3}, tally));
  CHECK(report.at("requested").as_int64() == 20);
  CHECK(report.at("served").as_int64() == 5);
  CHECK(report.at("lost").as_int64() == 15);
  CHECK(report.at("unclosed").as_int64() == 1);
  CHECK(report.at("outcomes").at("reset").as_int64() == 2);
  CHECK(report.at("answers").as_int64() == 6);
  CHECK(report.at("held").as_int64() == 3);
  CHECK(sum(report.at("outcomes")) == 11);
  CHECK(sum(report.at("bodies")) == 5);
  CHECK(report.at("bodies").at("server 1").as_int64() == 4);
  CHECK(report.at("rate").as_double() == Approx(2.5));
  CHECK(report.at("latency_us").at("p50").as_int64() == Approx(1000).epsilon(1.0 / 64));
  CHECK(report.at("latency_us").at("max").as_int64() == 80000);
}

TEST_CASE("The text report names what was lost and what was never opened", "[load]") {
  Tally tally;
  tally.add(served("server 1\n"));
  tally.add({Outcome::refused, {}, "", true});
  const std::string text = to_text({3, 1s, 0}, tally);
  CAPTURE(text);
  CHECK(text.find("requested 3, served 1, lost 2") != std::string::npos);
  CHECK(text.find("refused        1") != std::string::npos);
  CHECK(text.find("not opened     1") != std::string::npos);
  CHECK(text.find("timed_out") == std::string::npos);
}
