#include <algorithm>
#include <array>

#include "config/load.h"
#include "config/text.h"
#include "config/units.h"

namespace steelyard::config {
namespace {
using namespace std::chrono_literals;
constexpr std::size_t kMaxStatus = 500;

// What may stand in the first lines of a request as it is.
bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

void read_status(Value list, HttpCheck& http, Report& report) {
  http.status.clear();
  for_each_item(list, kMaxStatus, report, [&](Value item) {
    if (const auto code = Integer{100, 599}(item, report))
      http.status.push_back(static_cast<uint16_t>(*code));
  });
  std::ranges::sort(http.status);
  http.status.erase(std::unique(http.status.begin(), http.status.end()), http.status.end());
  if (list.node.kind == Node::Kind::list && list.node.items.empty())
    report.error(list.node.at, "status is empty; allowed: 1 to {} numbers from 100 to 599", kMaxStatus);
}

HttpCheck read_http(Value value, HttpCheck http, Report& report) {
  static constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "OPTIONS"};
  const Map map(value, schema::kHttp, report);
  if (!map.is_map()) return http;
  std::size_t method = 0;
  if (map.read("method", method, Choice{kMethods})) http.method = kMethods[method];
  if (map.read("path", http.path, Text{1024}) && (http.path[0] != '/' || !is_visible_ascii(http.path)))
    report.error(map.place("path"), "path is {}; allowed: visible ASCII characters that begin with /",
                 quote(http.path));
  if (map.read("host", http.host, Text{255}) && !is_visible_ascii(http.host))
    report.error(map.place("host"), "host is {}; allowed: visible ASCII characters", quote(http.host));
  if (const Node* status = map.find("status")) read_status({*status, "status"}, http, report);
  map.read("body", http.body, Text{1024});
  if (!http.body.empty() && http.method == "HEAD")
    report.error(map.place("body"),
                 "body is given with the method HEAD, whose answers have none; allowed: GET, OPTIONS");
  return http;
}

void read_kind(const Map& map, bool inherited, HealthCheck& check, Place at, Report& report) {
  if (map.has("http") == map.has("tcp") && (map.has("http") || !inherited))
    report.error(at, "health has {} http and tcp; allowed: exactly one of them",
                 map.has("http") ? "both" : "neither of");
  if (const Node* http = map.find("http")) {
    const auto* base = std::get_if<HttpCheck>(&check.kind);
    check.kind = read_http({*http, "http"}, base == nullptr ? HttpCheck{} : *base, report);
  }
  if (const Node* tcp = map.find("tcp")) {
    const Map empty({*tcp, "tcp"}, schema::kTcp, report);
    check.kind = TcpCheck{};
  }
}

void read_times(const Map& map, HealthCheck& check, Report& report) {
  map.read("interval", check.interval, Duration{100ms, 1h});
  map.read("timeout", check.timeout, Duration{10ms, 1min});
  map.read("jitter", check.jitter, Duration{0ms, 30min});
  if (check.jitter && *check.jitter > check.interval / 2)
    report.error(map.place("jitter"), "jitter is {}; allowed: at most half the interval of {}",
                 format_duration(*check.jitter), format_duration(check.interval));
  if (check.timeout > check.interval && (map.has("timeout") || map.has("interval")))
    report.warning(map.place("timeout"),
                   "timeout {} is longer than the interval of {}: a check waits for the one before",
                   format_duration(check.timeout), format_duration(check.interval));
}
}  // namespace

std::optional<HealthCheck> read_health(Value value, const std::optional<HealthCheck>& base, Report& report) {
  if (value.node.kind == Node::Kind::scalar && value.node.text == "none") return std::nullopt;
  if (value.node.kind != Node::Kind::map) {
    wrong(value, "none, or a map with http or tcp", report);
    return std::nullopt;
  }
  const Map map(value, schema::kHealth, report);
  HealthCheck check = base.value_or(HealthCheck{});
  read_kind(map, base.has_value(), check, value.node.at, report);
  read_times(map, check, report);
  map.read("rise", check.rise, Integer{1, 100});
  map.read("fall", check.fall, Integer{1, 100});
  uint16_t port = 0;
  if (map.read("port", port, Integer{1, 65535})) check.port = steelyard::Port::from_host(port);
  return check;
}

}  // namespace steelyard::config
