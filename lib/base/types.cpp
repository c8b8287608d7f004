#include "base/types.h"

#include <charconv>

namespace steelyard {

std::optional<Ipv4> parse_ipv4(std::string_view text) noexcept {
  uint32_t host = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (p == end || *p != '.') return std::nullopt;
      ++p;
    }
    unsigned octet = 0;
    const auto [next, error] = std::from_chars(p, end, octet);
    if (error != std::errc{} || octet > 255 || next - p > 3 || (next - p > 1 && *p == '0'))
      return std::nullopt;
    host = host << 8 | octet;
    p = next;
  }
  if (p != end) return std::nullopt;
  return Ipv4::from_host(host);
}

std::optional<Mac> parse_mac(std::string_view text) noexcept {
  if (text.size() != 17) return std::nullopt;
  Mac mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const char* p = text.data() + i * 3;
    if (i > 0 && p[-1] != ':') return std::nullopt;
    const auto [next, error] = std::from_chars(p, p + 2, mac.bytes[i], 16);
    if (error != std::errc{} || next != p + 2) return std::nullopt;
  }
  return mac;
}

std::string to_string(Ipv4 a) {
  const uint32_t h = a.host();
  return fmt::format("{}.{}.{}.{}", h >> 24, h >> 16 & 255, h >> 8 & 255, h & 255);
}

std::string to_string(Endpoint e) { return fmt::format("{}:{}", to_string(e.address), e.port.host()); }

std::string to_string(const Mac& m) {
  const auto& b = m.bytes;
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

std::string_view to_string(Protocol p) noexcept {
  switch (p) {
    case Protocol::icmp:
      return "icmp";
    case Protocol::tcp:
      return "tcp";
    case Protocol::udp:
      return "udp";
    case Protocol::persistence:
      return "ip";  // as IPVS calls templates of services with several protocols
    case Protocol::none:
      break;
  }
  return "?";
}

}  // namespace steelyard
