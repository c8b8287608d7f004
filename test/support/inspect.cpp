#include "inspect.h"

#include <fmt/format.h>

namespace steelyard::test {
namespace {

// The parts of a frame that its checksums are over. Empty where there is none to check.
struct Parts {
  std::size_t ip = 0, header = 0;        // IPv4 header
  std::size_t l4 = 0, l4_length = 0;     // 0: nothing that has a checksum
  std::size_t place = 0;                 // of the checksum in the transport header
  std::size_t quote = 0, quoted_ip = 0;  // quoted IPv4 header
  Ipv4 from, to;
  uint8_t protocol = 0;
};

void find_quote(Parts& parts, std::span<const uint8_t> frame) {
  const uint8_t type = frame[parts.l4];
  const bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  if (parts.protocol != 1 || !error || parts.l4_length < 28) return;
  const std::size_t header = (frame[parts.l4 + 8] & 0xfu) * 4;
  if (frame[parts.l4 + 8] >> 4 != 4 || header < 20 || parts.l4_length < 8 + header) return;
  parts.quote = parts.l4 + 8;
  parts.quoted_ip = header;
}

std::optional<Parts> find_parts(std::span<const uint8_t> frame) {
  const std::optional<std::size_t> at = ip_offset(frame);
  if (!at || frame.size() < *at + 20) return std::nullopt;
  const std::span<const uint8_t> packet = frame.subspan(*at);
  Parts parts;
  parts.ip = *at;
  parts.header = (packet[0] & 0xfu) * 4;
  const std::size_t total = get16(packet, 2);
  if (packet[0] >> 4 != 4 || parts.header < 20 || total < parts.header || total > packet.size())
    return std::nullopt;
  parts.from = Ipv4::from_host(get16(packet, 12) << 16 | get16(packet, 14));
  parts.to = Ipv4::from_host(get16(packet, 16) << 16 | get16(packet, 18));
  parts.protocol = packet[9];
  const auto place = checksum_place(parts.protocol);
  if ((get16(packet, 6) & 0x3fff) != 0 || !place || total - parts.header < *place + 2) return parts;
  parts.place = *place;
  parts.l4 = *at + parts.header;
  parts.l4_length = total - parts.header;
  find_quote(parts, frame);
  return parts;
}

}  // namespace

void put16(Bytes& out, unsigned v) {
  out.push_back(static_cast<uint8_t>(v >> 8));
  out.push_back(static_cast<uint8_t>(v));
}
void put32(Bytes& out, uint32_t v) {
  put16(out, v >> 16);
  put16(out, v & 0xffff);
}
void put(Bytes& out, std::span<const uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
void set16(Bytes& out, std::size_t at, unsigned v) {
  out.at(at) = static_cast<uint8_t>(v >> 8);
  out.at(at + 1) = static_cast<uint8_t>(v);
}
unsigned get16(std::span<const uint8_t> in, std::size_t at) { return unsigned{in[at]} << 8 | in[at + 1]; }

uint16_t slow_checksum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += uint64_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint16_t transport_checksum(Ipv4 from, Ipv4 to, uint8_t protocol, std::span<const uint8_t> l4) {
  Bytes sum;
  if (protocol == 6 || protocol == 17) {
    put32(sum, from.host());
    put32(sum, to.host());
    put16(sum, protocol);
    put16(sum, static_cast<unsigned>(l4.size()));
  }
  put(sum, l4);
  return slow_checksum(sum);
}

std::optional<std::size_t> checksum_place(uint8_t protocol) {
  switch (protocol) {
    case 1:
      return 2;
    case 6:
      return 16;
    case 17:
      return 6;
    default:
      return std::nullopt;
  }
}

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

std::string hexdump(std::span<const uint8_t> bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) out += fmt::format("{}{:04x} ", i == 0 ? "" : "\n", i);
    out += fmt::format("{}{:02x}", i % 2 == 0 ? " " : "", bytes[i]);
  }
  return out;
}

std::optional<std::size_t> ip_offset(std::span<const uint8_t> frame) {
  for (std::size_t at = 12; at + 2 <= frame.size(); at += 4) {
    const unsigned type = get16(frame, at);
    if (type == 0x0800) return at + 2;
    if (type != 0x8100 && type != 0x88a8 && type != 0x9100) break;
  }
  return std::nullopt;
}

Checksums checksums(std::span<const uint8_t> frame) {
  const auto parts = find_parts(frame);
  if (!parts) return {};
  Checksums out;
  out.ip = slow_checksum(frame.subspan(parts->ip, parts->header)) == 0;
  if (parts->quote != 0) out.quoted_ip = slow_checksum(frame.subspan(parts->quote, parts->quoted_ip)) == 0;
  if (parts->l4 == 0) return out;
  const auto l4 = frame.subspan(parts->l4, parts->l4_length);
  const bool none = parts->protocol == 17 && get16(l4, 6) == 0;
  out.transport = none || transport_checksum(parts->from, parts->to, parts->protocol, l4) == 0;
  return out;
}

bool checksums_ok(std::span<const uint8_t> frame) {
  const Checksums sums = checksums(frame);
  return sums.ip && sums.transport;
}

void fix_checksums(Bytes& frame) {
  const auto parts = find_parts(frame);
  if (!parts) return;
  set16(frame, parts->ip + 10, 0);
  set16(frame, parts->ip + 10, slow_checksum(std::span(frame).subspan(parts->ip, parts->header)));
  if (parts->l4 == 0) return;
  const std::size_t place = parts->l4 + parts->place;
  if (parts->protocol == 17 && get16(frame, place) == 0) return;
  set16(frame, place, 0);
  const auto l4 = std::span<const uint8_t>(frame).subspan(parts->l4, parts->l4_length);
  const uint16_t sum = transport_checksum(parts->from, parts->to, parts->protocol, l4);
  set16(frame, place, parts->protocol == 17 && sum == 0 ? 0xffffu : sum);
}

}  // namespace steelyard::test
