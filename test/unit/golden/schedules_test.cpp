// The order in which connections are given to servers, and what they count as: every recorded sequence,
// through the worker and the control core.
#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>

#include <catch2/catch.hpp>

#include "director.h"

using namespace steelyard;
using namespace steelyard::golden;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const Endpoint kVip = test::ep("10.10.0.100", 80);
constexpr auto kBetweenArrivals = 10ms;  // longer than the control core takes to refresh a schedule
constexpr std::size_t kBurst = 32;

std::vector<std::string> recordings(const std::string& end) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(STEELYARD_GOLDEN)) {
    const std::string name = file.path().stem().string();
    if (name.starts_with("sched_") && name.ends_with(end) && name != "sched_rr_update") names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

test::Bytes syn(Endpoint client) { return test::tcp(client, kVip, kSyn).df().ip_bytes(); }

// The last octet of the server that a SYN was sent to, null if it was refused.
json::value server_of(const Outcome& got) {
  if (got.counts.forwarded != 1 || got.out.size() != 1) return nullptr;
  return got.out[0].packet[19];
}

json::value open(GoldenDirector& director, Endpoint client) {
  return server_of(director.receive(kC, syn(client)));
}

// A recording played again: its services, its clients, its way to make connections.
class Recording {
 public:
  explicit Recording(const std::string& name)
      : file_(recorded(name)), result_(file_.at("result").as_object()), mode_(text("mode")) {
    director.ipvsadm(json::value_to<std::vector<std::string>>(file_.at("log").at(0).at("ipvsadm")));
    for (const json::value& c : result_.at("clients").as_array())
      clients.push_back(test::ep(json::value_to<std::string>(c.at(0)), json::value_to<uint16_t>(c.at(1))));
  }

  // A connection as the recorder made it, and whatever it did then: the server and all counters.
  json::value arrive(std::size_t i) {
    const Endpoint client = clients[i];
    const json::value server = open(director, client);
    if (mode_ != "syn" && !server.is_null()) shake_hands(client, server.to_number<uint32_t>());
    if (mode_ == "churn" && i % 3 == 2 && !open_.empty()) {
      director.receive(kC, test::tcp(open_.front(), kVip, kRst).df().ip_bytes());
      open_.pop_front();
    }
    json::array row{server};
    for (const json::value& counts : counters()) row.push_back(counts);
    return row;
  }

  // [active, inactive] of the servers by their addresses.
  json::array counters() {
    std::map<Endpoint, json::array> by_address;
    const control::ServiceView service = director.services().at(0);
    for (const control::ServerView& s : service.servers)
      by_address[s.address] = {s.totals.active, s.totals.inactive};
    json::array all;
    for (const auto& [address, counts] : by_address) all.push_back(counts);
    return all;
  }

  std::string text(const char* key) const { return json::value_to<std::string>(result_.at(key)); }
  const json::array& sequence() const { return result_.at("sequence").as_array(); }
  const json::array& rows() const {
    return result_.at("rows[chosen,[act,inact] per rs sorted by addr, after the connection]").as_array();
  }
  const json::value& order() const { return result_.at("kernel_dest_order"); }

  GoldenDirector director;
  std::vector<Endpoint> clients;

 private:
  void shake_hands(Endpoint client, uint32_t octet) {
    const Endpoint server = test::ep("10.20.0." + std::to_string(octet), 80);
    director.receive(kS, test::tcp(server, client, kSyn | kAck).df().ip_bytes());
    director.receive(kC, test::tcp(client, kVip, kAck).df().ip_bytes());
    open_.push_back(client);
  }

  json::object file_;
  const json::object& result_;
  std::string mode_;
  std::deque<Endpoint> open_;
};

}  // namespace

TEST_CASE("connections are given to servers in IPVS's order", "[golden]") {
  const std::string test = GENERATE(from_range(recordings("")));
  DYNAMIC_SECTION(test) {
    Recording recording(test);
    // The lists agree: ours is made by adding at the head, as the kernel's.
    json::array order;
    const control::ServiceView service = recording.director.services().at(0);
    for (const control::ServerView& s : service.servers) order.emplace_back(to_string(s.address));
    CHECK(json::serialize(order) == json::serialize(recording.order()));

    json::array rows;
    for (std::size_t i = 0; i < recording.clients.size(); ++i) {
      recording.director.wait(kBetweenArrivals);
      rows.push_back(recording.arrive(i));
    }
    CHECK(json::serialize(rows) == json::serialize(recording.rows()));
    json::array sequence;
    for (const json::value& row : rows) sequence.push_back(row.at(0));
    CHECK(json::serialize(sequence) == json::serialize(recording.sequence()));
  }
}

// Between two refreshes the control core's simulation stands for what it has not seen yet. It is exact as
// long as connections only come: the bound is that not one pick differs.
TEST_CASE("arrivals within one refresh are given to servers in IPVS's order too", "[golden]") {
  auto tests = recordings("_syn");
  for (const std::string& options : recordings("-port")) tests.push_back(options);
  for (const std::string& options : recordings("-fallback")) tests.push_back(options);
  const std::string test = GENERATE_COPY(from_range(tests));
  DYNAMIC_SECTION(test) {
    Recording recording(test);
    json::array sequence;
    for (std::size_t i = 0; i < recording.clients.size(); ++i) {
      if (i % kBurst == 0) recording.director.wait(kBetweenArrivals);
      sequence.push_back(recording.arrive(i).at(0));
    }
    CHECK(json::serialize(sequence) == json::serialize(recording.sequence()));
    const json::array& last = recording.rows().back().as_array();
    CHECK(json::serialize(recording.counters()) ==
          json::serialize(json::array(last.begin() + 1, last.end())));
    CHECK(recording.director.engine().director().schedules().repeated == 0);
  }
}

TEST_CASE("all recorded schedulers are there", "[golden]") { CHECK(recordings("").size() == 43); }

TEST_CASE("picks go on behind the last one when servers come and go", "[golden]") {
  const json::object file = recorded("sched_rr_update");
  const json::array& sequences = file.at("result").at("sequences").as_array();
  GoldenDirector director;
  uint16_t port = 20001;
  std::size_t step = 0;
  for (const json::value& entry : file.at("log").as_array()) {
    const json::value* lines = entry.as_object().if_contains("ipvsadm");
    if (lines == nullptr) continue;
    director.ipvsadm(json::value_to<std::vector<std::string>>(*lines));
    json::array got;
    for (std::size_t i = 0; i < sequences[step].as_array().size(); ++i) {
      director.wait(kBetweenArrivals);
      got.push_back(open(director, test::ep("10.11.0.1", port++)));
    }
    INFO("step " << step);
    CHECK(json::serialize(got) == json::serialize(sequences[step]));
    ++step;
  }
  CHECK(step == 5);
}

// Nothing was recorded for lrt: IPVS has none.
TEST_CASE("lrt finds the server that answers sooner, and notices when that changes", "[golden]") {
  GoldenDirector director;
  director.ipvsadm({"-A -t 10.10.0.100:80 -s lrt", "-a -t 10.10.0.100:80 -r 10.20.0.11:80 -m",
                    "-a -t 10.10.0.100:80 -r 10.20.0.12:80 -m"});
  uint16_t port = 20000;
  // So many short connections one after the other; how many went to .11.
  const auto serve = [&](int n, std::chrono::milliseconds answer11, std::chrono::milliseconds answer12) {
    int to11 = 0;
    for (int i = 0; i < n; ++i) {
      const Endpoint client = test::ep("10.11.0.1", port++);
      const auto octet = open(director, client).to_number<int>();
      const Endpoint server = test::ep("10.20.0." + std::to_string(octet), 80);
      director.wait(octet == 11 ? answer11 : answer12);
      director.receive(kS, test::tcp(server, client, kSyn | kAck).df().ip_bytes());
      director.receive(kC, test::tcp(client, kVip, kAck).df().ip_bytes());
      director.receive(kC, test::tcp(client, kVip, kRst).df().ip_bytes());
      director.wait(kBetweenArrivals);
      to11 += octet == 11;
    }
    return to11;
  };
  CHECK(serve(20, 4ms, 1ms) == 1);      // tried once
  CHECK(serve(20, 4ms, 40ms) >= 15);    // .12 has become slow
  CHECK(serve(100, 40ms, 40ms) <= 60);  // both are: neither is left out for good
}
