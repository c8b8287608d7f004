#include "admin/tables.h"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

using namespace steelyard;
namespace json = boost::json;

TEST_CASE("tables are aligned and name what is not zero", "[admin]") {
  const json::value services =
      json::parse(R"([{"name":"web","address":"203.0.113.10","port":80,"protocol":"tcp",
    "scheduler":"wrr","state":"up","connections":12,"active":3,"inactive":9,"packets_in":100,"packets_out":90,"bytes_in":5000,
    "bytes_out":123456,"servers":[{},{}]}])");
  CHECK(admin::services_table(services) ==
        "SERVICE  ADDRESS          PROTOCOL  SCHEDULER  STATE  SERVERS  CONNECTIONS  ACTIVE  INACTIVE  "
        "PACKETS IN  "
        "PACKETS OUT"
        "  BYTES IN  BYTES OUT\n"
        "web      203.0.113.10:80  tcp       wrr        up           2           12       3         9        "
        " 100   "
        "        90"
        "      5000     123456\n");
  CHECK(admin::drops_table(json::parse(R"({"truncated":0})")) == "no packet was dropped\n");
  CHECK(admin::drops_table(json::parse(R"({"truncated":7})")) ==
        "REASON     PACKETS  MEANING\n"
        "truncated        7  the frame ends before the headers or the length that they announce\n");
  CHECK(admin::services_table(json::array{}).substr(0, 7) == "SERVICE");
}

TEST_CASE("health checks as a table", "[admin]") {
  CHECK(admin::health_table(json::array{}) == "no health checks\n");
  CHECK(admin::health_table(json::parse(R"([
    {"address":"10.0.0.11","port":80,"kind":"http","state":"down","since":"2026-11-24T00:00:00Z","last":"failed",
     "in_a_row":12,"reason":"status 503, expected 200","services":["web","shop"]},
    {"address":"10.0.0.12","port":8080,"kind":"tcp","state":"checking","since":"2026-11-24T00:00:00Z","last":"none",
     "in_a_row":0,"reason":"","services":["web"]}])")) ==
        "SERVER          CHECK  STATE     SINCE                 LAST    TIMES  REASON                    "
        "SERVICES\n"
        "10.0.0.11:80    http   down      2026-11-24T00:00:00Z  failed     12  status 503, expected 200  "
        "web,shop\n"
        "10.0.0.12:8080  tcp    checking  2026-11-24T00:00:00Z  none        0                            "
        "web\n");
}
