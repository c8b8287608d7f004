// pcapng (draft-ietf-opsawg-pcapng), the few blocks of a live capture, appended to a string: little endian,
// Ethernet, times in microseconds since 1970.
//
// Not DPDK's own rte_pcapng: that of 22.11 writes to a file descriptor, which would hold up the control core
// where its reader is slow; it names interfaces by ethdev, of which a port may have several and which have
// not the port's name; and it can't give a packet a comment, which is how a drop's reason is told. Its pdump
// library needs a second process with the director's memory and sees what a queue carries, not what becomes
// of a packet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"
#include "capture/ring.h"

namespace steelyard::capture {

// A block begins with its type and its whole length, each four bytes. A packet's has after its fixed part the
// frame's bytes and then options {code, length, value}; values and frame are padded to four bytes.
inline constexpr uint32_t kSectionHeader = 0x0a0d0d0a, kInterface = 1, kEnhancedPacket = 6;
inline constexpr uint32_t kPacketFixed = 28, kCapturedAt = 20;  // offsets of the frame and of its length
inline constexpr uint16_t kPacketDropCount = 4;                 // option: PacketBlock::lost

// The begin of the file: the program that writes it, and a comment.
void append_section(std::string& out, std::string_view program, std::string_view comment);

// One for each port, in their order: packets name it by number.
struct InterfaceBlock {
  std::string_view name, description;
  Mac mac;
  uint32_t snaplen = 0;
};
void append_interface(std::string& out, const InterfaceBlock& interface);

struct PacketBlock {
  uint32_t interface = 0;
  uint64_t us = 0;
  uint32_t wire_length = 0;
  Way way = Way::in;
  uint64_t lost = 0;         // packets between the one before and this one that found no room
  std::string_view comment;  // "": none
  std::span<const uint8_t> bytes;
};
void append_packet(std::string& out, const PacketBlock& packet);

}  // namespace steelyard::capture
