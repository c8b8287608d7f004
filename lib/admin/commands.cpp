// The table of commands. A new one is a row here, its function in a file of its own, and its line in
// docs/operating.md; --help is made of the rows.
#include "admin/capture_command.h"
#include "admin/command.h"
#include "admin/show.h"
#include "admin/show_connections.h"
#include "admin/tables.h"
#include "admin/zero.h"

namespace steelyard::admin {
namespace {

constexpr Option kShowOptions[] = {kWatch};

// A `show` that is nothing but a path and its table.
template <const char* Path, std::string (*Table)(const boost::json::value&)>
int show(const Invocation& call, std::ostream& out) {
  return show(call, out, Path, Table);
}

constexpr char kServices[] = "/v1/services", kServers[] = "/v1/servers", kHealth[] = "/v1/health",
               kDrops[] = "/v1/drops", kPackets[] = "/v1/packets", kTable[] = "/v1/table",
               kPorts[] = "/v1/ports", kWorkers[] = "/v1/workers";

constexpr Command kCommands[] = {
    {"show services", "", 0,
     "each virtual service: connections, active, inactive, packets and bytes in and out",
     "show services\nshow services --watch", kShowOptions, show<kServices, services_table>},
    {"show servers", "", 0, "the same for each real server", "show servers -o json\nshow servers --watch=0.5",
     kShowOptions, show<kServers, servers_table>},
    {"show health", "", 0,
     "each health check: its server's state, since when and why, and for which services it runs",
     "show health\nshow health -o json", kShowOptions, show<kHealth, health_table>},
    {"show drops", "", 0, "dropped packets by reason", "show drops", kShowOptions, show<kDrops, drops_table>},
    {"show packets", "", 0, "received, forwarded, handed to the kernel, originated, dropped", "show packets",
     kShowOptions, show<kPackets, numbers_table>},
    {"show table", "", 0, "the connection table: capacity, use, memory", "show table", kShowOptions,
     show<kTable, numbers_table>},
    {"capture", "", 1, "packets as they come and leave, or as they are dropped, as a pcapng file",
     "capture | tcpdump -nr -\ncapture --service web --client 192.0.2.7 --write web.pcapng\n"
     "capture --drops --count 100 | tshark -r -\ncapture --drops=no_server,transmit_full --write "
     "drops.pcapng",
     kCaptureOptions, capture_command},
    {"show connections", "", 0, "connections: endpoints, service, state, idle time, what is left of it",
     "show connections --limit 20\nshow connections --client 192.0.2.0/24 --state established\n"
     "show connections --server 10.0.0.11:80 -o json\nshow connections --service web",
     kConnectionOptions, show_connections},
    {"show persistence", "", 0,
     "persistence templates: which server a client's next connections go to, and how long still",
     "show persistence\nshow persistence --client 192.0.2.0/24\nshow persistence --service web -o json",
     kTemplateOptions, show_persistence},
    {"show ipvs", "", 0, "services and servers, or connections, as ipvsadm -Ln shows them",
     "show ipvs\nshow ipvs --stats\nshow ipvs --rate --watch=1\nshow ipvs --connections", kIpvsOptions,
     show_ipvs},
    {"show ports", "", 0, "each port: link, driver, received, sent, missed, errors, the kernel path",
     "show ports\nshow ports -o json", kShowOptions, show<kPorts, ports_table>},
    {"show workers", "", 0, "each worker: how busy, turns, batches, nanoseconds a packet in each stage",
     "show workers --watch\nshow workers -o json", kShowOptions, show<kWorkers, workers_table>},
    {"zero",
     "[SERVICE]",
     1,
     "counts and rates of a service, or of all, begin at zero, as ipvsadm -Z",
     "zero\nzero web",
     {},
     zero_counters},
};

}  // namespace

std::span<const Command> commands() noexcept { return kCommands; }

}  // namespace steelyard::admin
