#include "control/held_frames.h"

#include <cstring>

#include "net/headers.h"

namespace steelyard::control {
namespace {

uint16_t type_at(std::span<const uint8_t> frame, std::size_t at) {
  uint16_t type;
  std::memcpy(&type, frame.data() + at, sizeof(type));
  return type;
}

// Where the IPv4 header begins.
std::size_t l2_length(std::span<const uint8_t> frame) {
  std::size_t length = sizeof(EthernetHeader);
  while (length + sizeof(VlanTag) <= frame.size() && type_at(frame, length - 2) != kEtherTypeIpv4)
    length += sizeof(VlanTag);
  return length;
}

enum class Outcome : uint8_t { sent, lost, waits };

}  // namespace

std::vector<uint8_t> address_to(const NextHop& hop, std::span<const uint8_t> frame) {
  std::vector<uint8_t> out;
  out.reserve(frame.size() + sizeof(VlanTag));
  out.insert(out.end(), hop.destination.bytes.begin(), hop.destination.bytes.end());
  out.insert(out.end(), hop.source.bytes.begin(), hop.source.bytes.end());
  const auto append = [&out](uint16_t word) {
    out.push_back(static_cast<uint8_t>(word & 0xff));
    out.push_back(static_cast<uint8_t>(word >> 8));
  };
  if (hop.vlan != 0) {
    append(kEtherTypeVlan);
    append(hop.vlan);
  }
  append(kEtherTypeIpv4);
  const auto packet = frame.subspan(l2_length(frame));
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}

bool HeldFrames::hold(Ipv4 destination, std::span<const uint8_t> frame, std::chrono::milliseconds now) {
  if (frames_.size() >= kMost) return false;
  frames_.push_back({destination, {frame.begin(), frame.end()}, now + kPatience});
  return true;
}

std::size_t HeldFrames::retry(const Snapshot& snap, Wires& wires, std::chrono::milliseconds now) {
  const auto attempt = [&](const Held& held) {
    const NextHopSlot slot = snap.routes.find(held.destination);
    if (slot >= snap.next_hops.size() || !snap.next_hops[slot].usable)
      return now < held.until ? Outcome::waits : Outcome::lost;
    const NextHop& hop = snap.next_hops[slot];
    if (held.frame.size() - l2_length(held.frame) > hop.mtu) return Outcome::lost;
    return wires.send(hop.port, address_to(hop, held.frame)) ? Outcome::sent : Outcome::lost;
  };
  std::size_t lost = 0;
  std::erase_if(frames_, [&](const Held& held) {
    const Outcome outcome = attempt(held);
    lost += outcome == Outcome::lost ? 1 : 0;
    return outcome != Outcome::waits;
  });
  return lost;
}

}  // namespace steelyard::control
