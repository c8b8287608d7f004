// `steelyardctl show connections`, `show persistence` and `show ipvs`.
#pragma once

#include <iosfwd>

#include "admin/command.h"
#include "admin/show.h"

namespace steelyard::admin {

inline constexpr Option kConnectionOptions[] = {
    {"client", "A[:P]", "only of this client: an address, address and port, or a prefix (192.0.2.0/24)"},
    {"server", "A[:P]", "only of this real server, likewise"},
    {"service", "NAME", "only of this service"},
    {"state", "STATE", "only in this state: established, syn_recv, fin_wait, time_wait, close, udp ..."},
    {"limit", "N", "at most so many"},
    kWatch,
};
int show_connections(const Invocation& call, std::ostream& out);

inline constexpr Option kTemplateOptions[] = {
    {"client", "A",
     "only of this client: an address, or a prefix (192.0.2.0/24) that the clients' network is in"},
    {"server", "A[:P]", "only to this real server: an address, address and port, or a prefix"},
    {"service", "NAME", "only of this service, or of its persistence group"},
    {"limit", "N", "at most so many"},
    kWatch,
};
int show_persistence(const Invocation& call, std::ostream& out);

inline constexpr Option kIpvsOptions[] = {
    {"stats", "", "connections, packets and bytes, as ipvsadm -Ln --stats"},
    {"rate", "", "the same per second, as ipvsadm -Ln --rate"},
    {"connections", "", "each connection and persistence template, as ipvsadm -Lnc"},
    {"exact", "", "large numbers in full"},
    kWatch,
};
int show_ipvs(const Invocation& call, std::ostream& out);

}  // namespace steelyard::admin
