#include "admin/connections.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace steelyard::admin {
namespace {

using control::ConnectionFilter;
using control::EndpointFilter;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number n{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::optional<Prefix> prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto length =
      slash == std::string_view::npos ? std::optional<uint8_t>(32) : number<uint8_t>(text.substr(slash + 1));
  if (!address || !length || *length > 32) return std::nullopt;
  return Prefix{*address, *length};
}

// A, A:P, A/L or A/L:P.
std::optional<EndpointFilter> endpoints(const Request& request, std::string_view parameter) {
  const std::string_view text = request.get(parameter);
  if (text.empty()) return std::nullopt;
  const std::size_t colon = text.find(':');
  EndpointFilter filter;
  const auto addresses = prefix(text.substr(0, colon));
  std::optional<uint16_t> port;
  if (colon != std::string_view::npos) port = number<uint16_t>(text.substr(colon + 1));
  if (!addresses || (colon != std::string_view::npos && !port))
    throw Refusal(400,
                  fmt::format("{}: {}: it takes 192.0.2.1, 192.0.2.1:80 or 192.0.2.0/24", parameter, text));
  filter.prefix = *addresses;
  if (port) filter.port = Port::from_host(*port);
  return filter;
}

// As to_string() has it, in capitals or not.
std::optional<State> state(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string wanted(text), all;
  std::ranges::transform(wanted, wanted.begin(), [](unsigned char c) { return std::toupper(c); });
  for (std::size_t i = 0; i < kStates; ++i) {
    const auto s = static_cast<State>(i);
    if (s == State::dead) continue;
    if (to_string(s) == wanted) return s;
    all += (all.empty() ? "" : ", ") + std::string(to_string(s));
  }
  throw Refusal(400, fmt::format("state: {}: it takes {}", text, all));
}

class Connections final : public Stream {
 public:
  Connections(const control::Director& director, ConnectionFilter filter, uint64_t limit)
      : only_templates_(filter.listed == control::Listed::templates),
        list_(director, std::move(filter), limit) {}

  Next next(std::string& out) override {
    if (!begun_) out += '[';
    begun_ = true;
    const bool more = list_.next([&](const control::ConnectionView& c) { add(out, c); });
    if (more) return Next::more;
    out += "\n]\n";
    return Next::end;
  }

 private:
  // By hand: a json::object takes ten times as long, and there are millions.
  void add(std::string& out, const control::ConnectionView& c) {
    if (&c.service != service_) {
      service_ = &c.service;
      quoted_ = boost::json::serialize(boost::json::string(c.service));
    }
    const bool only = only_templates_ && c.persistence.has_value();
    const std::string client =
        only ? fmt::format("{}/{}", c.client.address, c.persistence->prefix) : to_string(c.client);
    fmt::format_to(
        std::back_inserter(out),
        "{}{{\"protocol\":\"{}\",\"client\":\"{}\",\"virtual\":\"{}\",\"server\":\"{}\",\"service\":{},",
        first_ ? "\n" : ",\n", to_string(c.protocol), client, c.virtual_endpoint, c.server, quoted_);
    if (only)
      add_template(out, *c.persistence);
    else
      add_state(out, c);
    const auto seconds = [](std::chrono::milliseconds t) { return static_cast<double>(t.count()) / 1000; };
    fmt::format_to(std::back_inserter(out), ",\"idle\":{},\"expires_in\":{}}}", seconds(c.idle),
                   seconds(c.expires_in));
    first_ = false;
  }

  static void add_template(std::string& out, const control::TemplateView& t) {
    fmt::format_to(std::back_inserter(out), "\"group\":{},\"connections\":{},\"assured\":{}",
                   boost::json::serialize(boost::json::string(t.group)), t.connections, t.assured);
  }

  // Templates have the two states that IPVS shows of them.
  static void add_state(std::string& out, const control::ConnectionView& c) {
    const bool assured = c.persistence && c.persistence->assured;
    fmt::format_to(std::back_inserter(out), "\"state\":\"{}\",\"active\":{}{}",
                   assured ? "ASSURED" : to_string(c.state), c.active,
                   c.persistence ? ",\"template\":true" : "");
  }

  bool only_templates_;
  control::ConnectionList list_;
  bool begun_ = false, first_ = true;
  const std::string* service_ = nullptr;  // of which quoted_ is the name
  std::string quoted_;
};

}  // namespace

ConnectionFilter connection_filter(const Request& request, const control::Director& director) {
  ConnectionFilter filter{endpoints(request, "client"), endpoints(request, "server"), std::nullopt,
                          state(request.get("state"))};
  if (const std::string_view service = request.get("service"); !service.empty()) {
    if (!director.has_service(service)) throw Refusal(404, fmt::format("there is no service {}", service));
    filter.service = std::string(service);
  }
  if (const std::string_view templates = request.get("templates"); templates == "yes")
    filter.listed = control::Listed::all;
  else if (!templates.empty())
    throw Refusal(400, fmt::format("templates: {}: it takes yes", templates));
  return filter;
}

uint64_t connection_limit(const Request& request) {
  const std::string_view text = request.get("limit");
  if (text.empty()) return std::numeric_limits<uint64_t>::max();
  const auto limit = number<uint64_t>(text);
  if (!limit) throw Refusal(400, fmt::format("limit: {}: it takes a number", text));
  return *limit;
}

std::unique_ptr<Stream> list_connections(const control::Director& director, ConnectionFilter filter,
                                         uint64_t limit) {
  return std::make_unique<Connections>(director, std::move(filter), limit);
}

}  // namespace steelyard::admin
