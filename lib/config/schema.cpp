#include "config/schema.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "config/text.h"

namespace steelyard::config {
namespace {
constexpr std::array kFileKeys{Key{"director"}, Key{"ports", true}, Key{"neighbours"}, Key{"routes"},
                               Key{"services"}};
constexpr std::array kDirectorKeys{Key{"instance"},
                                   Key{"control_core"},
                                   Key{"worker_cores"},
                                   Key{"connections"},
                                   Key{"idle"},
                                   Key{"eal"},
                                   Key{"admin_socket"},
                                   Key{"admin_group"},
                                   Key{"kernel_path"},
                                   Key{"icmp_errors_per_second"},
                                   Key{"resets_per_second"}};
// As net/verdict.h names the classes.
constexpr std::array kKernelPathKeys{Key{"neighbour"}, Key{"routing"}, Key{"health"}, Key{"icmp"},
                                     Key{"local"},     Key{"transit"}, Key{"other"}};
static_assert(kKernelPathKeys.size() == kKernelClasses);
constexpr std::array kPortKeys{Key{"name", true}, Key{"device"}, Key{"addresses"},
                               Key{"vlans"},      Key{"mtu"},    Key{"mac"}};
constexpr std::array kVlanKeys{Key{"id", true}, Key{"addresses"}};
constexpr std::array kNeighbourKeys{Key{"address", true}, Key{"mac", true}, Key{"port", true}, Key{"vlan"}};
constexpr std::array kRouteKeys{Key{"to", true}, Key{"via", true}, Key{"port", true}, Key{"vlan"}};
constexpr std::array kServiceKeys{
    Key{"name", true},        Key{"address", true}, Key{"port", true},    Key{"protocol"},   Key{"scheduler"},
    Key{"scheduler_options"}, Key{"timeouts"},      Key{"no_connection"}, Key{"sloppy_tcp"}, Key{"health"},
    Key{"when_all_down"},     Key{"servers"},       Key{"persistence"},   Key{"one_packet"}};
constexpr std::array kPersistenceKeys{Key{"timeout"}, Key{"netmask"}, Key{"group"}};
constexpr std::array kTimeoutsKeys{Key{"established"}, Key{"fin"}, Key{"udp"}};
constexpr std::array kHealthKeys{Key{"http"},   Key{"tcp"},  Key{"interval"}, Key{"timeout"},
                                 Key{"jitter"}, Key{"rise"}, Key{"fall"},     Key{"port"}};
constexpr std::array kHttpKeys{Key{"method"}, Key{"path"}, Key{"host"}, Key{"status"}, Key{"body"}};
constexpr std::array kServerKeys{Key{"address", true}, Key{"port"}, Key{"weight"}, Key{"health"}};

std::vector<std::string_view> names(std::span<const Key> keys) {
  std::vector<std::string_view> out;
  for (const Key& key : keys) out.push_back(key.name);
  return out;
}
}  // namespace

namespace schema {
constexpr Section kFile{"the file", "the file", kFileKeys};
constexpr Section kDirector{"director", "director", kDirectorKeys};
constexpr Section kKernelPath{"director.kernel_path", "kernel_path", kKernelPathKeys};
constexpr Section kPort{"ports[]", "a port", kPortKeys};
constexpr Section kVlan{"ports[].vlans[]", "a VLAN", kVlanKeys};
constexpr Section kNeighbour{"neighbours[]", "a neighbour", kNeighbourKeys};
constexpr Section kRoute{"routes[]", "a route", kRouteKeys};
constexpr Section kService{"services[]", "a service", kServiceKeys};
constexpr Section kTimeouts{"services[].timeouts", "timeouts", kTimeoutsKeys};
constexpr Section kPersistence{"services[].persistence", "persistence", kPersistenceKeys};
constexpr Section kHealth{"services[].health", "health", kHealthKeys};
constexpr Section kHttp{"services[].health.http", "http", kHttpKeys};
constexpr Section kTcp{"services[].health.tcp", "tcp", {}};
constexpr Section kServer{"services[].servers[]", "a server", kServerKeys};
}  // namespace schema

std::span<const Section* const> sections() noexcept {
  using namespace schema;
  static constexpr std::array kAll{&kFile,      &kDirector, &kKernelPath, &kPort,     &kVlan,
                                   &kNeighbour, &kRoute,    &kService,    &kTimeouts, &kPersistence,
                                   &kHealth,    &kHttp,     &kTcp,        &kServer};
  return kAll;
}

Map::Map(Value value, const Section& section, Report& report)
    : at_(value.node.at),
      is_map_(value.node.kind == Node::Kind::map),
      section_(section),
      report_(report),
      keys_(section.keys.size()),
      values_(section.keys.size()) {
  if (!is_map_) {
    const auto known = names(section.keys);
    const std::string allowed = known.empty() ? "an empty map, {}" : "a map with the keys " + join(known);
    wrong(value, allowed, report);
    return;
  }
  for (const auto& [key, node] : value.node.entries) take(*key, *node);
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (section.keys[i].required && values_[i] == nullptr)
      report.error(at_, "{} lacks the key {}", section.what, quote(section.keys[i].name));
}

void Map::take(const Node& key, const Node& value) {
  const auto known = std::ranges::find_if(
      section_.keys, [&](const Key& k) { return key.kind == Node::Kind::scalar && k.name == key.text; });
  if (known == section_.keys.end()) return report_unknown(key);
  const auto i = static_cast<std::size_t>(known - section_.keys.begin());
  if (values_[i] != nullptr)
    return report_.error(key.at, "the key {} stands already in line {}; allowed: once in {}", quote(key.text),
                         keys_[i]->at.line, section_.what);
  keys_[i] = &key;
  values_[i] = &value;
}

void Map::report_unknown(const Node& key) const {
  const auto known = names(section_.keys);
  if (key.kind != Node::Kind::scalar)
    return report_.error(key.at, "{} is no key; allowed in {}: {}", describe(key), section_.what,
                         join(known));
  if (known.empty())
    return report_.error(key.at, "unknown key {} in {}; allowed: none", quote(key.text), section_.what);
  const std::string_view near = nearest(key.text, known);
  const std::string hint = near.empty() ? "" : fmt::format("did you mean {}? ", quote(near));
  report_.error(key.at, "unknown key {} in {}; {}allowed: {}", quote(key.text), section_.what, hint,
                join(known));
}

const Node* Map::find(std::string_view key) const {
  const auto known = std::ranges::find(section_.keys, key, &Key::name);
  assert(known != section_.keys.end());
  return values_[static_cast<std::size_t>(known - section_.keys.begin())];
}

Place Map::place(std::string_view key) const {
  const Node* node = find(key);
  return node == nullptr ? at_ : node->at;
}

}  // namespace steelyard::config
