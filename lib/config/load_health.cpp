#include "config/load.h"

namespace steelyard::config {
namespace {
using namespace std::chrono_literals;

void check_http(Value value, Report& report) {
  const Map map(value, schema::kHttp, report);
  std::string path;
  if (map.read("path", path, Text{1024}) && path[0] != '/')
    report.error(map.place("path"), "path is \"{}\"; allowed: a path that begins with /", path);
  if (const Node* status = map.find("status"))
    for_each_item({*status, "status"}, 500, report, [&](Value item) { Integer{100, 599}(item, report); });
}
}  // namespace

void check_health(Value value, Report& report) {
  if (value.node.kind == Node::Kind::scalar && value.node.text == "none") return;
  if (value.node.kind != Node::Kind::map) return wrong(value, "none, or a map with http or tcp", report);
  const Map map(value, schema::kHealth, report);
  if (map.has("http") == map.has("tcp"))
    report.error(value.node.at, "health has {} http and tcp; allowed: exactly one of them",
                 map.has("http") ? "both" : "neither of");
  if (const Node* http = map.find("http")) check_http({*http, "http"}, report);
  if (const Node* tcp = map.find("tcp")) const Map empty({*tcp, "tcp"}, schema::kTcp, report);
  std::chrono::milliseconds time{};
  uint64_t times = 0;
  map.read("interval", time, Duration{100ms, 1h});
  map.read("timeout", time, Duration{10ms, 1min});
  map.read("rise", times, Integer{1, 100});
  map.read("fall", times, Integer{1, 100});
  report.warning(value.node.at, "health checks are not run yet: every configured server counts as up");
}

}  // namespace steelyard::config
