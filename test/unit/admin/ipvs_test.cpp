#include "admin/ipvs.h"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "steelyard_version.h"

using namespace steelyard;
namespace json = boost::json;

namespace {

constexpr char kFirst[] = "Steelyard Virtual Server version " STEELYARD_VERSION " (size=4096)\n";

// Two servers, of which the second one is down.
json::value services(const char* state = "up") {
  json::value list =
      json::parse(R"([{"name":"web","address":"10.10.0.100","port":80,"protocol":"tcp","scheduler":"wrr",
    "connections":1,"packets_in":5,"packets_out":3,"bytes_in":300,"bytes_out":1120,
    "per_second":{"connections":0.4,"packets_in":5.5,"packets_out":3,"bytes_in":300,"bytes_out":123456789},
    "servers":[
      {"address":"10.20.0.11","port":80,"weight":3,"state":"up","active":0,"inactive":0,
       "connections":0,"packets_in":0,"packets_out":0,"bytes_in":0,"bytes_out":0,
       "per_second":{"connections":0,"packets_in":0,"packets_out":0,"bytes_in":0,"bytes_out":0}},
      {"address":"10.20.0.12","port":80,"weight":1,"state":"down","active":12,"inactive":1,
       "connections":1,"packets_in":5,"packets_out":3,"bytes_in":300,"bytes_out":1120,
       "per_second":{"connections":0,"packets_in":0,"packets_out":0,"bytes_in":0,"bytes_out":0}}]}])");
  list.as_array()[0].as_object()["state"] = state;
  return list;
}

}  // namespace

TEST_CASE("services and servers as ipvsadm -Ln shows them", "[admin]") {
  CHECK(admin::ipvs_table(admin::IpvsTable::list, services(), 4096, false) ==
        std::string(kFirst) +
            "Prot LocalAddress:Port Scheduler Flags\n"
            "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
            "TCP  10.10.0.100:80 wrr\n"
            "  -> 10.20.0.11:80                Masq    3      0          0\n"
            "  -> 10.20.0.12:80                Masq    0      12         1\n");
  CHECK_THAT(admin::ipvs_table(admin::IpvsTable::list, services("use_all"), 4096, false),
             Catch::Contains("10.20.0.12:80                Masq    1 "));
}

// The lines behind the first are those of test/golden/stats_counters.json.
TEST_CASE("counts as ipvsadm -Ln --stats shows them", "[admin]") {
  CHECK(admin::ipvs_table(admin::IpvsTable::stats, services(), 4096, false) ==
        std::string(kFirst) +
            "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n"
            "  -> RemoteAddress:Port\n"
            "TCP  10.10.0.100:80                      1        5        3      300     1120\n"
            "  -> 10.20.0.11:80                       0        0        0        0        0\n"
            "  -> 10.20.0.12:80                       1        5        3      300     1120\n");
}

TEST_CASE("rates as ipvsadm -Ln --rate shows them, large numbers shortened or not", "[admin]") {
  const std::string rates = admin::ipvs_table(admin::IpvsTable::rates, services(), 4096, false);
  CHECK_THAT(rates, Catch::Contains(
                        "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n"
                        "  -> RemoteAddress:Port\n"
                        "TCP  10.10.0.100:80                      0        6        3      300  123456K\n"));
  CHECK_THAT(admin::ipvs_table(admin::IpvsTable::rates, services(), 4096, true),
             Catch::Contains("      300 123456789\n"));
}

TEST_CASE("numbers keep to eight characters as long as they can", "[admin]") {
  const auto [number, text] = GENERATE(table<uint64_t, const char*>({{99'999'999, " 99999999"},
                                                                     {100'000'000, "  100000K"},
                                                                     {99'999'999'999, " 99999999K"},
                                                                     {100'000'000'000, "  100000M"},
                                                                     {123'456'000'000'000, "  123456G"}}));
  json::value list = services();
  list.as_array()[0].as_object()["connections"] = number;
  const std::string table = admin::ipvs_table(admin::IpvsTable::stats, list, 1, false);
  CHECK_THAT(table, Catch::Contains("TCP  10.10.0.100:80              " + std::string(text)));
}

TEST_CASE("a connection as ipvsadm -Lnc shows it", "[admin]") {
  CHECK(std::string(admin::kIpvsConnectionsHeader) +
            admin::ipvs_connection(json::parse(R"({"protocol":"tcp","client":"192.0.2.1:31337",
              "virtual":"203.0.113.10:80","server":"10.0.0.11:8080","state":"ESTABLISHED","expires_in":899.75})")
                                       .as_object()) ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n"
        "TCP 14:59  ESTABLISHED 192.0.2.1:31337    203.0.113.10:80    10.0.0.11:8080\n");
}
