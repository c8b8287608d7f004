// What the API's paths answer, from a director to its JSON and on to the tables of steelyardctl.
#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "admin/api.h"
#include "admin/cli.h"
#include "admin/client.h"
#include "admin/command.h"
#include "admin/connections.h"
#include "admin/machine.h"
#include "admin/tables.h"
#include "socket.h"

using namespace steelyard;
namespace json = boost::json;

namespace {

Ipv4 ip(const char* text) { return *parse_ipv4(text); }
Endpoint ep(const char* address, uint16_t port) { return {ip(address), steelyard::Port::from_host(port)}; }

struct Fixture {
  Fixture() {
    config.director.connections = 100'000;
    config.ports = {{.name = "outside", .device = "", .addresses = {{ip("198.51.100.2"), 24, {}}}}};
    config::Service web;
    web.name = "we\"b";
    web.address = ep("203.0.113.10", 80);
    web.servers = {{ep("10.0.0.11", 8080)}};
    config.services = {web};
    director.emplace(config, std::vector<PortInfo>(1), control::DirectorOptions{});
    director->tick(1'000'000);
  }
  void add(uint16_t port, State state) {
    ConnectionTable& table = director->shared().connections;
    Connection* c = table.allocate(0);
    const Endpoint client = ep("192.0.2.1", port);
    c->client_address = client.address, c->client_port = client.port;
    c->protocol = Protocol::tcp;
    c->half[0].address = ip("203.0.113.10"), c->half[0].port = steelyard::Port::from_host(80);
    c->half[1].address = ip("10.0.0.11"), c->half[1].port = steelyard::Port::from_host(8080);
    c->service = 0;
    c->last_seen = 3995;
    c->state_word = state_word(state, is_active(state) ? uint8_t{0} : uint8_t{kInactive});
    REQUIRE(table.insert(0, c, table.hash(client, c->protocol)).outcome ==
            ConnectionTable::Inserted::inserted);
  }
  admin::Request request(std::map<std::string, std::string, std::less<>> query) {
    return {"", std::move(query)};
  }
  std::string refusal(const char* parameter, const char* value) {
    try {
      const admin::Request r = request({{parameter, value}});
      admin::connection_filter(r, *director);
      admin::connection_limit(r);
    } catch (const admin::Refusal& e) {
      return std::to_string(e.status) + " " + e.what();
    }
    return "accepted";
  }
  std::string all_of(admin::Stream& stream) {
    std::string out;
    while (stream.next(out) != admin::Stream::Next::end) {
    }
    return out;
  }
  admin::Routes routes() {
    return {{admin::Method::get,
             "/v1/connections",
             [this](const admin::Request& r) {
               return admin::list_connections(*director, admin::connection_filter(r, *director),
                                              admin::connection_limit(r));
             },
             {std::begin(admin::kConnectionParameters), std::end(admin::kConnectionParameters)}},
            {admin::Method::post,
             "/v1/services/*/zero",
             [this](const admin::Request& r) { return admin::zero(*director, r.name); },
             {}}};
  }

  config::Config config;
  std::optional<control::Director> director;
};

struct Said {
  int code;
  std::string out, error;
};
Said run(const std::string& socket, std::vector<const char*> words) {
  std::vector<const char*> argv{"steelyardctl", "-s", socket.c_str()};
  argv.insert(argv.end(), words.begin(), words.end());
  std::ostringstream out, error;
  const int code = admin::run_cli(static_cast<int>(argv.size()), argv.data(), out, error, false);
  return {code, out.str(), error.str()};
}

}  // namespace

TEST_CASE_METHOD(Fixture, "connections come as JSON, one a line", "[admin]") {
  const auto list = [&](uint64_t limit) { return all_of(*admin::list_connections(*director, {}, limit)); };
  CHECK(list(10) == "[\n]\n");
  add(1000, State::established);
  add(1001, State::time_wait);
  CHECK(
      list(10) ==
      "[\n"
      R"({"protocol":"tcp","client":"192.0.2.1:1000","virtual":"203.0.113.10:80","server":"10.0.0.11:8080",)"
      R"("service":"we\"b","state":"ESTABLISHED","active":true,"idle":1.25,"expires_in":898.75},)"
      "\n"
      R"({"protocol":"tcp","client":"192.0.2.1:1001","virtual":"203.0.113.10:80","server":"10.0.0.11:8080",)"
      R"("service":"we\"b","state":"TIME_WAIT","active":false,"idle":1.25,"expires_in":118.75})"
      "\n]\n");
  CHECK(list(0) == "[\n]\n");
  for (uint16_t i = 0; i < 3000; ++i) add(static_cast<uint16_t>(2000 + i), State::established);
  CHECK(json::parse(list(~uint64_t{0})).as_array().size() == 3002);
  CHECK(json::parse(list(2500)).as_array().size() == 2500);
}

TEST_CASE_METHOD(Fixture, "filters are read strictly", "[admin]") {
  const auto filter = admin::connection_filter(request({{"client", "10.1.2.3/8"},
                                                        {"server", "10.0.0.11:80"},
                                                        {"state", "syn_recv"},
                                                        {"service", "we\"b"}}),
                                               *director);
  CHECK(filter.client->prefix == Prefix{ip("10.1.2.3"), 8});
  CHECK_FALSE(filter.client->port);
  CHECK(filter.server->prefix.length == 32);
  CHECK(filter.server->port == steelyard::Port::from_host(80));
  CHECK(filter.state == State::syn_recv);
  CHECK(filter.service == "we\"b");
  CHECK(admin::connection_limit(request({{"limit", "25"}})) == 25);
  const char* bad = GENERATE("10.0.0", "10.0.0.1:", "10.0.0.1:70000", "10.0.0.1/33", "10.0.0.1/",
                             "10.0.0.1/8x", ":80", "10.0.0.1:80:1", "all");
  CHECK(refusal("client", bad) ==
        "400 client: " + std::string(bad) + ": it takes 192.0.2.1, 192.0.2.1:80 or 192.0.2.0/24");
  CHECK_THAT(refusal("state", "odd"), Catch::StartsWith("400 state: odd: it takes NONE, ESTABLISHED, "));
  CHECK_THAT(refusal("state", "dead"), Catch::StartsWith("400 state: dead: "));
  CHECK(refusal("limit", "-1") == "400 limit: -1: it takes a number");
  CHECK(refusal("service", "nowhere") == "404 there is no service nowhere");
}

TEST_CASE_METHOD(Fixture, "steelyardctl lists connections as a table, as JSON and as ipvsadm", "[admin]") {
  add(1000, State::established);
  add(1001, State::time_wait);
  test::RunningServer server(routes());
  const std::string socket = server.socket();
  CHECK(run(socket, {"show", "connections", "--state", "time_wait"}).out ==
        "PROTOCOL  CLIENT                 VIRTUAL                SERVER                 STATE        COUNTED "
        "       "
        "IDLE    EXPIRES  SERVICE\n"
        "tcp       192.0.2.1:1001         203.0.113.10:80        10.0.0.11:8080         TIME_WAIT    "
        "inactive       "
        "1.25     118.75  we\"b\n");
  CHECK(run(socket, {"show", "ipvs", "--connections"}).out ==
        "IPVS connection entries\n"
        "pro expire state       source             virtual            destination\n"
        "TCP 14:58  ESTABLISHED 192.0.2.1:1000     203.0.113.10:80    10.0.0.11:8080\n"
        "TCP 01:58  TIME_WAIT   192.0.2.1:1001     203.0.113.10:80    10.0.0.11:8080\n");
  for (uint16_t i = 0; i < 3000; ++i) add(static_cast<uint16_t>(2000 + i), State::established);
  const Said raw = run(socket, {"show", "connections", "-o", "json"});
  CHECK(raw.code == admin::kDone);
  CHECK(json::parse(raw.out).as_array().size() == 3002);
  const Said lines = run(socket, {"show", "connections", "--limit", "2000"});
  CHECK(std::ranges::count(lines.out, '\n') == 2001);
  const Said bad = run(socket, {"show", "connections", "--client", "me"});
  CHECK(bad.code == admin::kFailed);
  CHECK(bad.out.empty());
  CHECK(bad.error == "steelyardctl: client: me: it takes 192.0.2.1, 192.0.2.1:80 or 192.0.2.0/24\n");
  CHECK(run(socket, {"show", "ipvs", "--stats", "--rate"}).code == admin::kBadUsage);
}

TEST_CASE_METHOD(Fixture, "counters are zeroed by a service's name", "[admin]") {
  director->counters(0).servers[0].connections.add(7);
  director->counters(0).servers[0].active.add(2);
  test::RunningServer server(routes());
  const auto counted = [&] { return director->services()[0].totals; };
  CHECK(counted().connections == 7);
  CHECK(run(server.socket(), {"zero", "web"}).error == "steelyardctl: there is no service web\n");
  CHECK(run(server.socket(), {"zero", "a/b"}).code == admin::kBadUsage);
  CHECK(counted().connections == 7);
  CHECK(run(server.socket(), {"zero", "we\"b"}).code == admin::kDone);
  CHECK(counted().connections == 0);
  CHECK(counted().active == 2);
  director->counters(0).servers[0].connections.add(1);
  CHECK(counted().connections == 1);
  director->zero();
  CHECK(counted().connections == 0);
}

TEST_CASE("ports as JSON and as a table", "[admin]") {
  const std::vector<control::PortView> views{{.name = "outside",
                                              .device = "0000:3b:00.0",
                                              .driver = "net_ixgbe",
                                              .link = true,
                                              .speed = 10000,
                                              .mac = *parse_mac("02:00:00:00:00:01"),
                                              .mtu = 1500,
                                              .device_counts = {1, 2, 3, 4, 5, 6, 7, 8},
                                              .refused = 9,
                                              .bad_tags = 10,
                                              .kernel = {11, 12, 13}}};
  const json::array list = admin::ports(views);
  CHECK(
      json::serialize(list) ==
      R"([{"name":"outside","device":"0000:3b:00.0","driver":"net_ixgbe","link":"up","speed":10000,)"
      R"("mac":"02:00:00:00:00:01","mtu":1500,"received":1,"sent":2,"received_bytes":3,"sent_bytes":4,"missed":5,)"
      R"("no_buffer":6,"receive_errors":7,"send_errors":8,"refused":9,"bad_tags":10,"to_kernel":11,)"
      R"("from_kernel":12,"kernel_lost":13}])");
  CHECK(admin::ports_table(list) ==
        "PORT     LINK  MBIT/S  MAC                 MTU  DRIVER     RECEIVED  SENT  MISSED  NO BUFFER  RX "
        "ERRORS  "
        "TX ERRORS  REFUSED  TO KERNEL  FROM KERNEL  KERNEL LOST\n"
        "outside  up     10000  02:00:00:00:00:01  1500  net_ixgbe         1     2       5          6        "
        "  7  "
        "        8        9         11           12           13\n");
}

TEST_CASE("workers as JSON and as tables", "[admin]") {
  control::WorkerView w;
  w.core = 3, w.busy = 0.4567, w.batch = 7.25, w.packets_per_second = 123456.7;
  w.turns = 100, w.idle_turns = 60, w.packets = 290, w.sleeps = 5;
  w.timed_turns = 2, w.timed_packets = 33, w.batches = {1, 0, 0, 0, 0, 1};
  w.stage_ns = {1.25, 2, 3, 4, 5, 6, 7, 80.5};
  const json::array list = admin::workers(std::vector{w});
  CHECK(json::serialize(list[0].at("timed")) ==
        R"({"every":1024,"turns":2,"packets":33,"batches":{"1":1,"2-3":0,"4-7":0,"8-15":0,"16-31":0,"32":1},)"
        R"("ns":{"receive":1.25E0,"parse":2E0,"find":3E0,"open":4E0,"track":5E0,"rewrite":6E0,"answer":7E0,)"
        R"("send":8.05E1}})");
  CHECK(list[0].at("busy").as_double() == Approx(0.457));
  CHECK(admin::workers_table(list) ==
        "WORKER  CORE   BUSY  PACKETS/S  BATCH  TURNS  IDLE TURNS  PACKETS  SLEEPS\n"
        "     0     3  45.7%     123457    7.2    100          60      290       5\n"
        "\nnanoseconds a packet in each stage, of one turn in 1024 that had packets:\n"
        "WORKER  receive  parse  find  open  track  rewrite  answer  send\n"
        "     0      1.2    2.0   3.0   4.0    5.0      6.0     7.0  80.5\n"
        "\nthose turns by the packets they had:\n"
        "WORKER  1  2-3  4-7  8-15  16-31  32\n"
        "     0  1    0    0     0      0   1\n");
}
