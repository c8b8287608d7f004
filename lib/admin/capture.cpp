#include "admin/capture.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "capture/pcapng.h"
#include "steelyard_version.h"

namespace steelyard::admin {
namespace {

using control::Captures;

constexpr std::size_t kPiece = 48 * 1024;  // of the answer, made in one go
constexpr uint32_t kLeastSnaplen = 14;

template <class Number>
std::optional<Number> number(std::string_view text, Number least, Number most) {
  Number n{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && n >= least && n <= most ? std::optional(n) : std::nullopt;
}

Prefix client(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto length = slash == text.npos ? std::optional<uint8_t>(uint8_t{32})
                                         : number<uint8_t>(text.substr(slash + 1), 0, 32);
  if (!address || !length)
    throw Refusal(400, fmt::format("client {}: it takes an address or a prefix, as 192.0.2.0/24", text));
  Prefix prefix{*address, *length};
  prefix.address = Ipv4::from_host(address->host() & prefix.mask_host());
  return prefix;
}

capture::Filter::Service service(const control::Director& director, std::string_view name) {
  std::string names;
  for (const control::ServiceView& s : director.services()) {
    if (s.name == name)
      if (const auto slot = director.snapshot().by_endpoint.find(s.protocol, s.address))
        return {*slot, s.address, s.protocol};
    names += (names.empty() ? "" : ", ") + s.name;
  }
  throw Refusal(404, fmt::format("there is no service {}; there are: {}", name, names));
}

DropReason reason(std::string_view name) {
  for (std::size_t i = 0; i < kDropReasons; ++i)
    if (to_string(static_cast<DropReason>(i)) == name) return static_cast<DropReason>(i);
  throw Refusal(
      400, fmt::format("there is no drop reason {}; `steelyardctl show drops -o json` lists them", name));
}

capture::Reasons reasons(std::string_view names) {
  if (names.empty()) return capture::kEveryReason;
  capture::Reasons all = 0;
  for (bool more = true; more;) {
    const std::size_t comma = names.find(',');
    all |= capture::bit(reason(names.substr(0, comma)));
    more = comma != names.npos;
    if (more) names.remove_prefix(comma + 1);
  }
  return all;
}

capture::Filter filter(const control::Director& director, const Request& request) {
  capture::Filter f;
  if (request.query.contains("service")) f.service = service(director, request.get("service"));
  if (request.query.contains("client")) f.client = client(request.get("client"));
  if (request.query.contains("drops")) f.drops = reasons(request.get("drops"));
  if (request.query.contains("snaplen")) {
    const auto bytes = number<uint32_t>(request.get("snaplen"), kLeastSnaplen, capture::kLongest);
    if (!bytes)
      throw Refusal(400, fmt::format("snaplen {}: it takes {} to {} bytes", request.get("snaplen"),
                                     kLeastSnaplen, capture::kLongest));
    f.snaplen = *bytes;
  }
  return f;
}

uint64_t count(const Request& request) {
  if (!request.query.contains("count")) return std::numeric_limits<uint64_t>::max();
  const auto n = number<uint64_t>(request.get("count"), 1, std::numeric_limits<uint64_t>::max());
  if (!n) throw Refusal(400, fmt::format("count {}: it takes a number from 1 on", request.get("count")));
  return *n;
}

// What was asked for, for the comment at the file's begin.
std::string described(const Request& request) {
  std::string text = "capture of a director's packets";
  for (const auto& [key, value] : request.query)
    text += fmt::format(", {}{}{}", key, value.empty() ? "" : " ", value);
  return text;
}

class CaptureStream final : public Stream {
 public:
  CaptureStream(const control::Director& director, std::unique_ptr<Captures::Running> running, uint64_t count,
                std::string about, control::MomentClock clock)
      : director_(director),
        capture_(std::move(running)),
        left_(count),
        about_(std::move(about)),
        clock_(std::move(clock)) {}

  Next next(std::string& out) override {
    if (!begun_) begin(out);
    const control::Moment now = clock_();
    std::size_t ring = 0;
    while (left_ > 0 && out.size() < kPiece) {
      const capture::Record* r = (*capture_)->front(ring);
      if (r == nullptr) return Next::wait;
      append(out, *r, now);
      (*capture_)->pop(ring);
      --left_;
    }
    if (left_ > 0) return Next::more;
    return Next::end;
  }
  std::string_view type() const override { return "application/x-pcapng"; }

 private:
  void begin(std::string& out) {
    begun_ = true;
    capture::append_section(out, "steelyard " STEELYARD_VERSION, about_);
    const auto& ports = director_.config().ports;
    for (std::size_t i = 0; i < ports.size(); ++i)
      capture::append_interface(out, {ports[i].name, ports[i].device, director_.snapshot().ports[i].mac,
                                      (*capture_)->filter().snaplen});
  }
  void append(std::string& out, const capture::Record& r, const control::Moment& now) {
    const uint64_t lost = (*capture_)->lost();
    const bool dropped = r.reason != DropReason::count;
    const std::string comment =
        dropped ? fmt::format("dropped: {}: {}", to_string(r.reason), describe(r.reason)) : "";
    capture::append_packet(out, {.interface = r.port,
                                 .us = time(r, now),
                                 .wire_length = r.wire_length,
                                 .way = r.way,
                                 .lost = lost - told_lost_,
                                 .comment = comment,
                                 .bytes = {r.bytes(), r.captured}});
    told_lost_ = lost;
  }
  // A worker's clock may be a little ahead of ours.
  static uint64_t time(const capture::Record& r, const control::Moment& now) noexcept {
    const auto age = static_cast<int32_t>(now.us - r.us);
    return static_cast<uint64_t>(now.wall.count() - age);
  }

  const control::Director& director_;
  std::unique_ptr<Captures::Running> capture_;
  uint64_t left_;
  std::string about_;
  control::MomentClock clock_;
  uint64_t told_lost_ = 0;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Stream> capture_packets(control::Director& director, const Request& request,
                                        control::MomentClock clock) {
  const capture::Filter wanted = filter(director, request);
  const uint64_t packets = count(request);
  auto running = director.captures().begin(wanted);
  if (running == nullptr)
    throw Refusal(429, fmt::format("{} captures run already: end one of them", capture::kMostCaptures));
  return std::make_unique<CaptureStream>(director, std::move(running), packets, described(request),
                                         std::move(clock));
}

}  // namespace steelyard::admin
