#include <bit>
#include <charconv>
#include <map>
#include <set>

#include "config/load.h"
#include "config/text.h"
#include "config/units.h"

namespace steelyard::config {
namespace {
using namespace std::chrono_literals;
constexpr Duration kTimeoutRange{1s, 720h};
constexpr std::size_t kMaxGroupName = 63;

// 24 or 255.255.255.0.
struct Netmask {
  std::optional<uint8_t> operator()(Value value, Report& report) const {
    if (value.node.kind == Node::Kind::scalar)
      if (const auto length = parse(value.node.text)) return length;
    wrong(value, "a netmask such as 255.255.255.0, or its length from 1 to 32", report);
    return std::nullopt;
  }

 private:
  static std::optional<uint8_t> parse(std::string_view text) {
    uint8_t length = 0;
    if (const auto mask = parse_ipv4(text)) {
      length = static_cast<uint8_t>(std::countl_one(mask->host()));
      if (mask->host() != Prefix{{}, length}.mask_host()) return std::nullopt;
    } else {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
      if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    }
    return length >= 1 && length <= 32 ? std::optional(length) : std::nullopt;
  }
};

std::set<Ipv4> addresses_of(const Service& service) {
  std::set<Ipv4> addresses;
  for (const Server& s : service.servers) addresses.insert(s.address.address);
  return addresses;
}

// Templates of a group name servers by their addresses.
void check_addresses(const Service& service, Report& report) {
  Unique<Ipv4> seen;
  for (const Server& s : service.servers)
    seen.add(s.address.address, s.at,
             fmt::format("in a service of a persistence group the server address {}", s.address.address),
             report);
}

void check_member(const Service& first, const Service& service, Report& report) {
  const Persistence &a = *first.persistence, &b = *service.persistence;
  if (a.timeout != b.timeout || a.prefix != b.prefix)
    report.error(
        b.at,
        "the persistence group {} has timeout {} and netmask {} in line {}, here {} and {}; allowed: the "
        "same in all its services",
        quote(b.group), format_duration(a.timeout), a.prefix, a.at.line, format_duration(b.timeout),
        b.prefix);
  if (addresses_of(first) != addresses_of(service))
    report.warning(
        b.at,
        "{} and {} of the persistence group {} have servers of different addresses: clients change "
        "servers between them",
        quote(first.name), quote(service.name), quote(b.group));
}

void check_groups(const std::vector<Service>& services, Report& report) {
  std::map<std::string_view, std::vector<const Service*>> groups;
  for (const Service& s : services)
    if (s.persistence && !s.persistence->group.empty()) groups[s.persistence->group].push_back(&s);
  for (const auto& [name, members] : groups) {
    if (members.size() == 1)
      report.warning(members[0]->persistence->at, "the persistence group {} has no service but {}",
                     quote(name), quote(members[0]->name));
    for (const Service* s : members) {
      check_addresses(*s, report);
      if (s != members[0]) check_member(*members[0], *s, report);
    }
  }
}

// A server of a one_packet service is known by its endpoint alone when it answers.
void check_one_packet(const std::vector<Service>& services, Report& report) {
  std::multimap<Ipv4, std::pair<const Service*, const Server*>> servers;
  for (const Service& service : services)
    if (service.protocol == Protocol::udp)
      for (const Server& s : service.servers) servers.emplace(s.address.address, std::pair{&service, &s});
  constexpr steelyard::Port kAny{};
  for (const Service& service : services) {
    if (!service.one_packet) continue;
    for (const Server& s : service.servers) {
      const auto [begin, end] = servers.equal_range(s.address.address);
      for (auto at = begin; at != end; ++at) {
        const auto& [other, same] = at->second;
        const steelyard::Port a = s.address.port, b = same->address.port;
        if (other == &service || (a != b && a != kAny && b != kAny)) continue;
        report.error(
            s.at,
            "the server {} of a one_packet service is also one of {} (line {}), and its answers would be "
            "taken for either's; allowed: a server that no other udp service has",
            s.address, quote(other->name), same->at.line);
        break;
      }
    }
  }
}
}  // namespace

Persistence read_persistence(Value value, Report& report) {
  Persistence persistence{.at = value.node.at};
  const Map map(value, schema::kPersistence, report);
  map.read("timeout", persistence.timeout, kTimeoutRange);
  map.read("netmask", persistence.prefix, Netmask{});
  map.read("group", persistence.group, Name{kMaxGroupName});
  return persistence;
}

void check_together(const std::vector<Service>& services, Report& report) {
  check_groups(services, report);
  check_one_packet(services, report);
}

}  // namespace steelyard::config
