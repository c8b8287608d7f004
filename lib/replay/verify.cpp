#include "replay/verify.h"

#include "replay/dissect.h"

namespace steelyard::replay {

bool checksums_right(std::span<const uint8_t> frame) noexcept {
  const auto ip = view_any_ip(frame);
  if (!ip) return true;
  if (!header_checksum_right(frame, *ip)) return false;
  if (ip->fragment) return true;
  const auto payload = frame.subspan(ip->l4, ip->end - ip->l4);
  if (ip->protocol == static_cast<uint8_t>(Protocol::icmp))
    return payload.size() < 8 || sum16(payload) == 0xffff;
  if (!view_flow(frame, *ip) || !transport_checksum(frame, *ip, ip->end)) return true;
  const auto addresses = frame.subspan(ip->ip + 12, 8);
  const uint32_t pseudo = uint32_t{sum16(addresses)} + ip->protocol + static_cast<uint32_t>(payload.size());
  // A UDP datagram may be shorter than its packet; its checksum covers its own length.
  if (ip->protocol == static_cast<uint8_t>(Protocol::udp)) {
    const std::size_t length = get16(frame, ip->l4 + 4);
    if (length < 8 || length > payload.size()) return true;
    return sum16(payload.first(length),
                 static_cast<uint32_t>(uint32_t{sum16(addresses)} + ip->protocol + length)) == 0xffff;
  }
  return sum16(payload, pseudo) == 0xffff;
}

}  // namespace steelyard::replay
