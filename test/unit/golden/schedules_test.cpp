// The order in which connections are given to servers.
#include <catch2/catch.hpp>

#include "director.h"

using namespace steelyard;
using namespace steelyard::golden;
namespace json = boost::json;

namespace {

const Endpoint kVip = test::ep("10.10.0.100", 80);

// Opens a connection; the last octet of the server it went to, 0 if it was refused.
int64_t open(GoldenDirector& director, Endpoint client) {
  const Outcome got = director.receive(kC, test::tcp(client, kVip, kSyn).df().ip_bytes());
  if (got.counts.forwarded != 1 || got.out.size() != 1) return 0;
  return got.out[0].packet[19];
}

}  // namespace

TEST_CASE("connections are given to servers in IPVS's order", "[golden]") {
  const std::string test = GENERATE("sched_rr_w111_syn", "sched_wrr_w111_syn", "sched_wrr_w432_syn");
  DYNAMIC_SECTION(test) {
    const json::object file = recorded(test);
    const json::object& result = file.at("result").as_object();
    GoldenDirector director;
    director.ipvsadm(json::value_to<std::vector<std::string>>(file.at("log").at(0).at("ipvsadm")));
    // The lists agree: ours is made by adding at the head, as the kernel's.
    std::vector<std::string> order;
    const control::ServiceView service = director.services().at(0);
    for (const control::ServerView& s : service.servers) order.push_back(to_string(s.address));
    CHECK(order == json::value_to<std::vector<std::string>>(result.at("kernel_dest_order")));

    json::array sequence;
    for (const json::value& client : result.at("clients").as_array())
      sequence.push_back(open(director, test::ep(json::value_to<std::string>(client.at(0)),
                                                 json::value_to<uint16_t>(client.at(1)))));
    CHECK(json::serialize(sequence) == json::serialize(result.at("sequence")));
  }
}

TEST_CASE("picks go on behind the last one when servers come and go", "[golden]") {
  const json::object file = recorded("sched_rr_update");
  const json::array& sequences = file.at("result").at("sequences").as_array();
  GoldenDirector director;
  uint16_t port = 20001;
  std::size_t step = 0;
  for (const json::value& entry : file.at("log").as_array()) {
    const json::value* lines = entry.as_object().if_contains("ipvsadm");
    if (lines == nullptr) continue;
    const auto commands = json::value_to<std::vector<std::string>>(*lines);
    if (commands[0].starts_with("-E")) break;  // to wlc, which is not built yet
    director.ipvsadm(commands);
    json::array got;
    for (std::size_t i = 0; i < sequences[step].as_array().size(); ++i)
      got.push_back(open(director, test::ep("10.11.0.1", port++)));
    INFO("step " << step);
    CHECK(json::serialize(got) == json::serialize(sequences[step]));
    ++step;
  }
  CHECK(step == 4);
}
