#include <algorithm>
#include <array>

#include "config/load.h"
#include "config/text.h"
#include "sched/scheduler.h"

namespace steelyard::config {
namespace {
using namespace std::chrono_literals;
constexpr std::size_t kMaxServices = 65534, kMaxServers = 65535, kMaxServiceName = 63;
constexpr Duration kTimeoutRange{250ms, 720h};
constexpr std::array<Protocol, 2> kProtocols{Protocol::tcp, Protocol::udp};
constexpr std::array<std::string_view, 2> kProtocolNames{"tcp", "udp"};

std::chrono::milliseconds& timeout(Service& service, State state) {
  return service.timeouts[static_cast<std::size_t>(state)];
}

// `address:` and `port:` of a map; says whether both were right.
bool read_endpoint(const Map& map, Endpoint& endpoint, Integer ports) {
  uint16_t port = 0;
  const bool right = map.read("address", endpoint.address, Address{});
  if (!map.read("port", port, ports)) return false;
  endpoint.port = steelyard::Port::from_host(port);
  return right;
}

// Port 0 stands for all ports, and goes with persistence only.
bool read_service_endpoint(const Map& map, Service& service) {
  const bool right = read_endpoint(map, service.address, Integer{0, 65535});
  if (!right || service.address.port != steelyard::Port{} || service.persistence) return right;
  map.report().error(
      map.place("port"),
      "port 0 stands for all ports and needs persistence; allowed: 1 to 65535, or 0 in a service "
      "with the key \"persistence\"");
  return false;
}

// In a service of port 0 a client's port is kept.
bool read_server_endpoint(const Map& map, bool all_ports, Server& server) {
  if (!map.is_map()) return false;
  if (!all_ports) {
    if (!map.has("port")) map.report().error(map.place("port"), "a server lacks the key {}", quote("port"));
    return read_endpoint(map, server.address, Integer{1, 65535});
  }
  if (!map.has("port")) return map.read("address", server.address.address, Address{});
  const bool right = read_endpoint(map, server.address, Integer{0, 65535});
  if (!right || server.address.port == steelyard::Port{}) return right;
  map.report().error(map.place("port"),
                     "port is {}; allowed: 0 or no port, since a service of port 0 keeps the "
                     "client's",
                     server.address.port.host());
  return false;
}

void read_scheduler(const Map& map, Service& service) {
  std::vector<std::string_view> names;
  for (const Scheduler& s : schedulers()) names.push_back(s.name);
  std::size_t index = 0;
  if (map.read("scheduler", index, Choice{names})) service.scheduler = names[index];
}

void read_scheduler_options(Value value, Service& service, Report& report) {
  const Scheduler& scheduler = *find_scheduler(service.scheduler);
  if (scheduler.options.empty())
    return report.error(value.node.at, "the scheduler {} has no options", service.scheduler);
  const std::vector<std::string> names = option_names(scheduler);
  const std::string allowed = join(std::vector<std::string_view>(names.begin(), names.end()));
  for_each_item(value, scheduler.options.size(), report, [&](Value item) {
    if (item.node.kind != Node::Kind::scalar ||
        !set_option(scheduler, item.node.text, service.scheduler_options))
      wrong(item, allowed, report);
  });
}

void read_timeouts(Value value, Service& service, Report& report) {
  const Map map(value, schema::kTimeouts, report);
  map.read("established", timeout(service, State::established), kTimeoutRange);
  map.read("fin", timeout(service, State::fin_wait), kTimeoutRange);
  map.read("udp", timeout(service, State::udp), kTimeoutRange);
}

// So that equal checks of a server are equal, however they were written.
void complete(HealthCheck& check, const Server& server, Report& report) {
  if (!check.port && server.address.port == steelyard::Port{})
    report.error(server.at,
                 "a server of a service of port 0 is checked at no port; allowed: health with a port");
  if (!check.port) check.port = server.address.port;
  if (!check.jitter) check.jitter = check.interval / 10;
}

void read_servers(Value value, bool all_ports, Service& service, Report& report) {
  Unique<Endpoint> seen;
  for_each_item(value, kMaxServers, report, [&](Value item) {
    const Map map(item, schema::kServer, report);
    Server server{.at = item.node.at};
    map.read("weight", server.weight, Integer{0, 65535});
    const bool right = read_server_endpoint(map, all_ports, server);
    if (right) seen.add(server.address, server.at, fmt::format("the server {}", server.address), report);
    const Node* health = map.find("health");
    server.health =
        health == nullptr ? service.health : read_health({*health, "health"}, service.health, report);
    if (server.health && right) complete(*server.health, server, report);
    service.servers.push_back(std::move(server));
  });
}

void read_options(const Map& map, Service& service) {
  static constexpr std::array<std::string_view, 2> kNoConnection{"reset", "drop"};
  static constexpr std::array<std::string_view, 2> kWhenAllDown{"reject", "use_all"};
  map.read("when_all_down", service.when_all_down, Choice{kWhenAllDown});
  map.read("no_connection", service.no_connection, Choice{kNoConnection});
  map.read("sloppy_tcp", service.sloppy_tcp, Boolean{});
  if (service.protocol == Protocol::udp && service.sloppy_tcp)
    map.report().warning(map.place("sloppy_tcp"), "sloppy_tcp has no effect on a udp service");
  map.read("one_packet", service.one_packet, Boolean{});
  if (service.protocol == Protocol::tcp && service.one_packet)
    map.report().error(map.place("one_packet"),
                       "one_packet is true in a tcp service; allowed: false, or true with "
                       "protocol: udp");
}

class ServiceReader {
 public:
  explicit ServiceReader(Report& report) : report_(report) {}
  Service read(Value value);
  // Packets sent to such a server would come straight back.
  void check_loops(const std::vector<Service>& services);

 private:
  Report& report_;
  Unique<std::string> names_;
  using Endpoints = std::map<std::pair<Protocol, Endpoint>, Place>;
  // That takes packets sent to `to`, whose port 0 stands for any.
  Endpoints::const_iterator find_service(Protocol protocol, Endpoint to) const;
  Endpoints endpoints_;
};

ServiceReader::Endpoints::const_iterator ServiceReader::find_service(Protocol protocol, Endpoint to) const {
  if (const auto at = endpoints_.find({protocol, to}); at != endpoints_.end()) return at;
  const auto first = endpoints_.lower_bound({protocol, {to.address, {}}});
  const bool same = first != endpoints_.end() && first->first.first == protocol &&
                    first->first.second.address == to.address;
  const bool all = same && (to.port == steelyard::Port{} || first->first.second.port == steelyard::Port{});
  return all ? first : endpoints_.end();
}

Service ServiceReader::read(Value value) {
  const Map map(value, schema::kService, report_);
  Service service{.at = value.node.at};
  if (!map.is_map()) return service;
  if (map.read("name", service.name, Name{kMaxServiceName}))
    names_.add(service.name, map.place("name"), fmt::format("the service name {}", quote(service.name)),
               report_);
  std::size_t protocol = 0;
  map.read("protocol", protocol, Choice{kProtocolNames});
  service.protocol = kProtocols[protocol];
  if (const Node* node = map.find("persistence"))
    service.persistence = read_persistence({*node, "persistence"}, report_);
  const bool right = read_service_endpoint(map, service);
  if (right) {
    const auto [first, added] = endpoints_.emplace(std::pair{service.protocol, service.address}, service.at);
    if (!added)
      report_.error(
          map.place("address"),
          "{} {} is already the service in line {}; allowed: one service for an address, port and protocol",
          to_string(service.protocol), service.address, first->second.line);
  }
  read_scheduler(map, service);
  if (const Node* node = map.find("scheduler_options"))
    read_scheduler_options({*node, "scheduler_options"}, service, report_);
  read_options(map, service);
  if (const Node* node = map.find("timeouts")) read_timeouts({*node, "timeouts"}, service, report_);
  if (const Node* node = map.find("health"))
    service.health = read_health({*node, "health"}, std::nullopt, report_);
  const bool all_ports = right && service.address.port == steelyard::Port{};
  if (const Node* node = map.find("servers")) read_servers({*node, "servers"}, all_ports, service, report_);
  return service;
}

void ServiceReader::check_loops(const std::vector<Service>& services) {
  for (const Service& service : services) {
    for (const Server& server : service.servers) {
      const auto at = find_service(service.protocol, server.address);
      if (at != endpoints_.end())
        report_.error(server.at, "the server {} is itself the service in line {}; allowed: a real server",
                      server.address, at->second.line);
    }
  }
}
}  // namespace

std::array<std::chrono::milliseconds, kStates> default_service_timeouts() {
  std::array<std::chrono::milliseconds, kStates> out{};
  std::ranges::copy(default_timeouts(), out.begin());
  return out;
}

std::vector<Service> read_services(Value value, Report& report) {
  std::vector<Service> services;
  ServiceReader reader(report);
  for_each_item(value, kMaxServices, report, [&](Value item) { services.push_back(reader.read(item)); });
  reader.check_loops(services);
  check_together(services, report);
  return services;
}

}  // namespace steelyard::config
