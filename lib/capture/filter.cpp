#include "capture/filter.h"

#include "conn/connection.h"

namespace steelyard::capture {
namespace {

// What an earlier packet left in the fields that parse() did not come to set tells nothing.
bool has_addresses(const Packet& p) noexcept { return p.ip_header != 0; }
bool has_key(const Packet& p) noexcept {
  return p.kind == PacketKind::flow || p.kind == PacketKind::icmp_error;
}

bool is_for(const Filter::Service& service, const Packet& p) noexcept {
  if (p.connection != nullptr) return p.connection->service == service.slot;
  const bool all_ports = service.address.port == Port{};
  if (has_key(p))
    return p.key.protocol == service.protocol && p.key.other.address == service.address.address &&
           (all_ports || p.key.other.port == service.address.port);
  // The ports of a fragment are not known: all of the address count.
  return p.kind == PacketKind::fragment && p.destination == service.address.address &&
         p.ip_protocol == static_cast<uint8_t>(service.protocol);
}

bool is_of(Prefix client, const Packet& p) noexcept {
  if (has_addresses(p) && (client.contains(p.source) || client.contains(p.destination))) return true;
  return has_key(p) && client.contains(p.key.client.address);
}

}  // namespace

bool concerns(const Filter& filter, const Packet& p) noexcept {
  return (!filter.service || is_for(*filter.service, p)) && (!filter.client || is_of(*filter.client, p));
}

}  // namespace steelyard::capture
