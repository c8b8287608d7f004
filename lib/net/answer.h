// Answers to packets that go no further: a TCP reset or an ICMP error, built in the mbuf of the packet that
// caused it, byte for byte what a Linux host sends. Worker threads.
//
// The builders take a packet as it was received and parsed (not rewritten) and turn it around: the Ethernet
// addresses are exchanged, VLAN tags stay, the mbuf ends with the answer and the Packet's fields describe it.
// They return false, and leave the packet as it was, where nothing may be sent (see may_answer()) or the mbuf
// has no headroom. Rates, verdict and output port are the caller's. Checksums are complete.
#pragma once

#include "net/batch.h"

namespace steelyard {

// Whether this packet may be answered at all (RFC 1122 section 3.2.2): not if it came from no single host
// (zero, loopback, group, class E), went to a group or a group MAC, is a later fragment or an ICMP error (any
// that is not known to be a query). Directed broadcasts are not known here. `p` is parsed and not malformed.
bool may_answer(const Packet& p) noexcept;
// The same for answer_reset(): also false for what is not TCP, and for a reset.
bool may_reset(const Packet& p) noexcept;

// RFC 9293 section 3.5.2 group 1: a connection that does not exist. False as well for a segment that a host
// would discard: its checksum or data offset is wrong.
bool answer_reset(Packet& p) noexcept;

// What an ICMP error quotes: the packet as it came, or as it was about to leave, its time to live one less
// (Linux quotes so what it refuses after routing).
enum class Quote : uint8_t { received, forwarded };

// RFC 792, RFC 1191. `source` 0 (none configured): false. At most 576 bytes, the quote included (RFC 1812
// section 4.3.2.3); of an mbuf of several segments only the first is quoted.
bool answer_time_exceeded(Packet& p, Ipv4 source) noexcept;
bool answer_fragmentation_needed(Packet& p, Ipv4 source, uint16_t mtu) noexcept;  // quotes as forwarded
bool answer_port_unreachable(Packet& p, Ipv4 source, Quote quote = Quote::received) noexcept;

}  // namespace steelyard
