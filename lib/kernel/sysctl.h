// The kernel's settings that decide how the slow path behaves: read and reported, and set where they belong
// to an interface of ours. Control core, at start. Nothing throws; what is wrong comes back as a sentence for
// the operator.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace steelyard::kernel {

// "net/ipv4/ip_forward" -> its number; nothing if there is no such setting here (e.g. gc_thresh3 outside the
// initial network namespace) or it is no number.
std::optional<long> read_sysctl(std::string_view path);
bool write_sysctl(std::string_view path, long value);

// For an interface of ours:
//  rp_filter 2 (loose): a packet comes up on the interface of the port it arrived by, whatever the route back
//    is. Not 0, since the kernel takes the larger of this and conf/all.
//  send_redirects 0: on one arm the kernel, forwarding a server's other traffic, would tell the server to
//  send
//    to a client directly, and the replies of load-balanced connections would then miss the director. The
//    kernel sends them if this or conf/all says so.
// Returns what could not be set, and conf/all where it overrides.
std::vector<std::string> settle_interface(std::string_view name);

// Something to say if the kernel doesn't forward: transit traffic is then lost.
std::optional<std::string> forwarding_warning();

// What to say when the kernel has no room for another neighbour (Resolver::no_room() grows). The second form
// is told gc_thresh3, which only the initial network namespace shows.
std::string no_room_warning();
std::string no_room_warning(std::optional<long> gc_thresh3);

}  // namespace steelyard::kernel
