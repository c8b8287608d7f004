// Packets for tests: a builder of frames, well-formed unless told otherwise.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "inspect.h"
#include "net/headers.h"

namespace steelyard::test {

// Throw std::invalid_argument on nonsense.
Ipv4 ip(std::string_view address);
Endpoint ep(std::string_view address, uint16_t port);
Mac mac(std::string_view text);
Bytes from_hex(std::string_view text);  // blanks, line ends and colons are skipped

// A frame under construction: a value; each setter returns a changed copy. Defaults: from
// 02:00:00:00:00:02 to 02:00:00:00:00:01, IP id 1, ttl 64, no DF, right checksums and lengths, no padding.
class Frame {
 public:
  // --- Link layer.
  Frame macs(const Mac& destination, const Mac& source) const;
  // Puts a tag outside of those already there.
  Frame vlan(uint16_t tci, uint16_t tpid = 0x8100) const;
  Frame pad(std::size_t n, uint8_t with = 0) const;  // n bytes behind the packet

  // --- IPv4.
  Frame tos(uint8_t v) const;
  Frame id(uint16_t v) const;
  Frame ttl(uint8_t v) const;
  Frame df() const;
  Frame mf() const;
  Frame offset(uint16_t bytes) const;    // a multiple of 8
  Frame options(const Bytes& v) const;   // a multiple of 4 bytes, at most 40
  Frame version_ihl(uint8_t v) const;    // claimed, whatever there is
  Frame total_length(uint16_t v) const;  // claimed, whatever there is
  Frame bad_ip_checksum() const;

  // --- TCP, UDP, ICMP.
  Frame payload(const Bytes& v) const;
  Frame nosum() const;  // UDP without checksum
  Frame bad_checksum() const;
  Frame seq(uint32_t v) const;
  Frame ack(uint32_t v) const;
  Frame window(uint16_t v) const;
  Frame tcp_options(const Bytes& v) const;  // a multiple of 4 bytes, at most 40

  Bytes bytes() const;     // the whole frame
  Bytes ip_bytes() const;  // from the IPv4 header on, without padding
  operator Bytes() const { return bytes(); }

 private:
  friend Frame ip_frame(Ipv4, Ipv4, uint8_t, const Bytes&);
  friend Frame raw_frame(uint16_t, const Bytes&);
  friend Frame transport_frame(Ipv4, Ipv4, Protocol, const Bytes&, const Bytes&);
  template <class F>
  Frame with(F change) const;
  Bytes transport() const;

  struct Tag {
    uint16_t tpid, tci;
  };
  Mac destination_{{2, 0, 0, 0, 0, 1}}, source_{{2, 0, 0, 0, 0, 2}};
  std::vector<Tag> tags_;
  uint16_t type_ = 0x0800;
  std::optional<Bytes> raw_;  // instead of the IPv4 packet
  Ipv4 from_, to_;
  uint8_t tos_ = 0, ttl_ = 64, protocol_ = 0;
  uint16_t id_ = 1, fragment_ = 0;
  Bytes options_, l4_, payload_, padding_;
  std::optional<uint8_t> version_ihl_;
  std::optional<uint16_t> total_length_;
  bool bad_ip_ = false, bad_l4_ = false, nosum_ = false;
};

// seq 1000 and window 65535; ack is 5001 with kAck, else 0: as in the golden files.
Frame tcp(Endpoint from, Endpoint to, uint8_t flags, std::string_view payload = "");
Frame tcp(Endpoint from, Endpoint to, std::string_view payload);  // PSH and ACK
Frame udp(Endpoint from, Endpoint to, std::string_view payload = "");
// `quote`: bytes of the quoted IP packet; `rest` in host order (the MTU of fragmentation needed).
Frame icmp_error(Ipv4 from, Ipv4 to, uint8_t type, uint8_t code, const Bytes& quoted_ip,
                 std::size_t quote = 28, uint32_t rest = 0);
Frame echo(Ipv4 from, Ipv4 to, uint16_t id = 1, uint16_t sequence = 1, uint8_t type = kIcmpEcho);
Frame ip_frame(Ipv4 from, Ipv4 to, uint8_t protocol, const Bytes& payload);
Frame arp_request(Ipv4 from, Ipv4 target);                    // to the broadcast MAC
Frame raw_frame(uint16_t ether_type, const Bytes& contents);  // only the link layer's setters apply
inline Frame ip_frame(const Bytes& packet) { return raw_frame(0x0800, packet); }

inline std::string hexdump(const Frame& frame) { return hexdump(frame.bytes()); }

}  // namespace steelyard::test
