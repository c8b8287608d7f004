#include "config/values.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/text.h"
#include "config/units.h"

namespace steelyard::config {
namespace {
bool is_plain(const Node& node) { return node.kind == Node::Kind::scalar && !node.quoted; }
bool is_scalar(const Node& node) { return node.kind == Node::Kind::scalar; }

template <class T>
std::optional<T> parse_decimal(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const bool padded = text.size() > 1 && text[0] == '0';  // octal in YAML 1.1: too easily misread
  if (error != std::errc{} || rest != end || padded) return std::nullopt;
  return number;
}

bool is_host(Ipv4 a) { return (a.host() >> 24) != 0 && !a.is_loopback() && (a.host() >> 24) < 224; }

// Address and length of "a.b.c.d/len".
std::optional<InterfaceAddress> parse_prefix(const Node& node) {
  if (!is_scalar(node)) return std::nullopt;
  const std::string_view text = node.text;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto length = parse_decimal<uint8_t>(text.substr(slash + 1));
  if (!address || !length || *length > 32) return std::nullopt;
  return InterfaceAddress{*address, *length, node.at};
}

Ipv4 network_of(const InterfaceAddress& a) {
  return Ipv4::from_host(a.address.host() & Prefix{{}, a.length}.mask_host());
}
}  // namespace

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::scalar:
      return quote(node.text);
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::null:
      break;
  }
  return "nothing";
}

void wrong(Value value, std::string_view allowed, Report& report) {
  report.error(value.node.at, "{} is {}; allowed: {}", value.name, describe(value.node), allowed);
}

std::optional<uint64_t> Integer::operator()(Value value, Report& report) const {
  const auto n = is_plain(value.node) ? parse_decimal<uint64_t>(value.node.text) : std::nullopt;
  if (n && *n >= least && *n <= most) return n;
  wrong(value, fmt::format("a whole number from {} to {}", least, most), report);
  return std::nullopt;
}

std::optional<uint64_t> Count::operator()(Value value, Report& report) const {
  const auto n = is_plain(value.node) ? parse_count(value.node.text) : std::nullopt;
  if (n && *n >= least && *n <= most) return n;
  wrong(value,
        fmt::format("a number from {} to {}, such as 500k or 10M", format_count(least), format_count(most)),
        report);
  return std::nullopt;
}

std::optional<std::optional<uint32_t>> Rate::operator()(Value value, Report& report) const {
  constexpr uint32_t kMost = 1'000'000'000;
  using Result = std::optional<std::optional<uint32_t>>;
  if (is_scalar(value.node) && value.node.text == "unlimited") return Result{std::in_place, std::nullopt};
  const auto n = is_plain(value.node) ? parse_count(value.node.text) : std::nullopt;
  if (n && *n >= 1 && *n <= kMost) return Result{static_cast<uint32_t>(*n)};
  wrong(value, fmt::format("packets a second from 1 to {}, or unlimited", format_count(kMost)), report);
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> Duration::operator()(Value value, Report& report) const {
  const auto t = is_scalar(value.node) ? parse_duration(value.node.text) : std::nullopt;
  if (t && *t >= least && *t <= most) return t;
  wrong(value,
        fmt::format("a time with its unit (ms, s, m, h) from {} to {}", format_duration(least),
                    format_duration(most)),
        report);
  return std::nullopt;
}

std::optional<bool> Boolean::operator()(Value value, Report& report) const {
  if (is_plain(value.node) && value.node.text == "true") return true;
  if (is_plain(value.node) && value.node.text == "false") return false;
  wrong(value, "true or false", report);
  return std::nullopt;
}

std::optional<std::string> Text::operator()(Value value, Report& report) const {
  const std::string& text = value.node.text;
  const bool printable =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (is_scalar(value.node) && !text.empty() && text.size() <= most && printable) return text;
  wrong(value, fmt::format("a text of 1 to {} printable characters", most), report);
  return std::nullopt;
}

std::optional<std::string> Name::operator()(Value value, Report& report) const {
  const std::string& text = value.node.text;
  const auto is_alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool right = is_scalar(value.node) && !text.empty() && text.size() <= most && is_alnum(text[0]) &&
                     std::ranges::all_of(text, [&](char c) { return is_alnum(c) || c == '.' || c == '-'; });
  if (right) return text;
  wrong(
      value,
      fmt::format("1 to {} letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_'", most),
      report);
  return std::nullopt;
}

std::optional<std::size_t> Choice::operator()(Value value, Report& report) const {
  const auto at = is_scalar(value.node) ? std::ranges::find(words, value.node.text) : words.end();
  if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  const std::string_view near = is_scalar(value.node) ? nearest(value.node.text, words) : std::string_view{};
  const std::string hint = near.empty() ? "" : fmt::format("did you mean {}? ", quote(near));
  report.error(value.node.at, "{} is {}; {}allowed: {}", value.name, describe(value.node), hint, join(words));
  return std::nullopt;
}

std::optional<Ipv4> Address::operator()(Value value, Report& report) const {
  const auto address = is_scalar(value.node) ? parse_ipv4(value.node.text) : std::nullopt;
  if (address && is_host(*address)) return address;
  wrong(value, "the IPv4 address of a host, such as 192.0.2.1", report);
  return std::nullopt;
}

std::optional<InterfaceAddress> AddressInPrefix::operator()(Value value, Report& report) const {
  const auto read = parse_prefix(value.node);
  if (!read || !is_host(read->address) || read->length == 0) {
    wrong(value, "the IPv4 address of a host with its prefix length, such as 192.0.2.1/24", report);
    return std::nullopt;
  }
  const uint32_t host_bits = ~Prefix{{}, read->length}.mask_host();
  const uint32_t host = read->address.host() & host_bits;
  if (read->length < 31 && (host == 0 || host == host_bits)) {
    wrong(value, "a host's address, not the first or the last one of its network", report);
    return std::nullopt;
  }
  return read;
}

std::optional<Prefix> Network::operator()(Value value, Report& report) const {
  if (is_scalar(value.node) && value.node.text == "default") return Prefix{};
  const auto read = parse_prefix(value.node);
  if (!read) {
    wrong(value, "a network such as 10.0.0.0/8, or default", report);
    return std::nullopt;
  }
  const Prefix prefix{network_of(*read), read->length};
  if (prefix.address == read->address) return prefix;
  wrong(value, fmt::format("a network without host bits, here {}/{}", prefix.address, prefix.length), report);
  return std::nullopt;
}

std::optional<Mac> UnicastMac::operator()(Value value, Report& report) const {
  const auto mac = is_scalar(value.node) ? parse_mac(value.node.text) : std::nullopt;
  if (mac && !mac->is_group() && !mac->is_zero()) return mac;
  wrong(value, "the MAC address of one interface, such as 02:00:00:00:00:01", report);
  return std::nullopt;
}

}  // namespace steelyard::config
