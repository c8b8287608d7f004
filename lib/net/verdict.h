// What becomes of a packet. Every packet ends in exactly one verdict, and every drop has a name and a
// counter.
#pragma once

#include <cstdint>
#include <string_view>

namespace steelyard {

enum class Verdict : uint8_t {
  pending,  // no stage has decided yet
  forward,  // rewritten; leaves by Packet::out_port
  wait,     // rewritten but for its Ethernet header: the control core sends it on once the next hop's MAC is
            // known
  kernel,   // handed to the kernel interface of the port it came in by
  answer,   // counted as dropped under Packet::reason; the mbuf now holds our answer and leaves by
            // Packet::out_port
  drop,     // counted under Packet::reason
};

// name, what an operator reads in the documentation
#define STEELYARD_DROP_REASONS(X)                                                                    \
  X(truncated, "the frame ends before the headers or the length that they announce")                 \
  X(bad_ip_header, "IPv4 version, header length or total length is impossible")                      \
  X(bad_ip_checksum, "the IPv4 header checksum is wrong")                                            \
  X(fragment, "an IP fragment of load-balanced traffic (reassembly is not built yet)")               \
  X(no_connection, "a packet for a service that belongs to no connection and may not open one")      \
  X(no_server, "the service has no usable real server")                                              \
  X(table_full, "the connection table is full")                                                      \
  X(bucket_full, "the connection's two buckets in the table are full")                               \
  X(client_endpoint_limit, "one client address and port holds as many connections as it may")        \
  X(server_conflict, "every server is already used by this client endpoint through another service") \
  X(ttl_exceeded, "the packet's time to live ended here")                                            \
  X(fragmentation_needed, "larger than the next port's MTU, and fragmentation is forbidden")         \
  X(fragmentation_failed, "no buffer to fragment a packet that is larger than the next port's MTU")  \
  X(no_next_hop, "the next hop's MAC address is not known (yet)")                                    \
  X(bad_icmp_error, "an ICMP error that quotes an impossible packet of a service")                   \
  X(transmit_full, "the port's transmit queue refused the packet")                                   \
  X(kernel_ring_full, "the ring to the control core is full")                                        \
  X(kernel_rate_neighbour, "over the rate for ARP and IPv6 neighbour discovery to the kernel")       \
  X(kernel_rate_routing, "over the rate for routing protocols and VRRP to the kernel")               \
  X(kernel_rate_health, "over the rate for health-check replies to the kernel")                      \
  X(kernel_rate_icmp, "over the rate for ICMP to the kernel")                                        \
  X(kernel_rate_local, "over the rate for other traffic to the director's own addresses")            \
  X(kernel_rate_transit, "over the rate for transit traffic to the kernel")                          \
  X(kernel_rate_other, "over the rate for other frames to the kernel")

enum class DropReason : uint8_t {
#define X(name, text) name,
  STEELYARD_DROP_REASONS(X)
#undef X
      count
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::count);

std::string_view to_string(DropReason r) noexcept;  // "truncated"
std::string_view describe(DropReason r) noexcept;   // the operator's sentence

// Rate classes of the kernel path; the kernel_rate_* drops stand in the same order.
enum class KernelClass : uint8_t { neighbour, routing, health, icmp, local, transit, other, count };
inline constexpr std::size_t kKernelClasses = static_cast<std::size_t>(KernelClass::count);
std::string_view to_string(KernelClass c) noexcept;
constexpr DropReason rate_drop(KernelClass c) noexcept {
  return static_cast<DropReason>(static_cast<uint8_t>(DropReason::kernel_rate_neighbour) +
                                 static_cast<uint8_t>(c));
}

}  // namespace steelyard
