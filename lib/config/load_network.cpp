#include <algorithm>
#include <tuple>

#include "config/load.h"
#include "config/text.h"

namespace steelyard::config {
namespace {
constexpr std::size_t kMaxEntries = 1'000'000;

struct On {
  std::string port;
  uint16_t vlan = 0;
};

// `port:` and `vlan:` of a neighbour or a route.
On read_interface(const Map& map, const std::vector<Port>& ports, Report& report) {
  On on;
  map.read("vlan", on.vlan, Integer{1, 4094});
  const Node* node = map.find("port");
  if (node == nullptr) return on;
  std::vector<std::string_view> names;
  for (const Port& port : ports) names.push_back(port.name);
  // A port whose name is wrong has its error already.
  if (names.empty() || std::ranges::find(names, "") != names.end()) return on;
  const auto index = Choice{names}(Value{*node, "port"}, report);
  if (!index) return on;
  const Port& port = ports[*index];
  on.port = port.name;
  if (on.vlan != 0 && std::ranges::find(port.vlans, on.vlan, &Vlan::id) == port.vlans.end())
    report.error(map.place("vlan"), "vlan is {}; allowed: a VLAN of the port {}", on.vlan, quote(on.port));
  return on;
}
}  // namespace

std::vector<Neighbour> read_neighbours(Value value, const std::vector<Port>& ports, Report& report) {
  std::vector<Neighbour> out;
  Unique<std::tuple<std::string, uint16_t, Ipv4>> seen;
  for_each_item(value, kMaxEntries, report, [&](Value item) {
    const Map map(item, schema::kNeighbour, report);
    Neighbour n{.at = item.node.at};
    if (!map.is_map()) return;
    const On on = read_interface(map, ports, report);
    n.port = on.port;
    n.vlan = on.vlan;
    map.read("mac", n.mac, UnicastMac{});
    if (map.read("address", n.address, Address{}))
      seen.add({n.port, n.vlan, n.address}, map.place("address"), fmt::format("the neighbour {}", n.address),
               report);
    out.push_back(n);
  });
  return out;
}

std::vector<Route> read_routes(Value value, const std::vector<Port>& ports, Report& report) {
  std::vector<Route> out;
  Unique<std::pair<Ipv4, uint8_t>> seen;
  for_each_item(value, kMaxEntries, report, [&](Value item) {
    const Map map(item, schema::kRoute, report);
    Route r{.at = item.node.at};
    if (!map.is_map()) return;
    const On on = read_interface(map, ports, report);
    r.port = on.port;
    r.vlan = on.vlan;
    map.read("via", r.via, Address{});
    if (map.read("to", r.to, Network{}))
      seen.add({r.to.address, r.to.length}, map.place("to"),
               fmt::format("the route to {}/{}", r.to.address, r.to.length), report);
    out.push_back(r);
  });
  return out;
}

}  // namespace steelyard::config
