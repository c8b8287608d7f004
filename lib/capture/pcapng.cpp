#include "capture/pcapng.h"

#include <bit>
#include <cstring>

namespace steelyard::capture {
namespace {

static_assert(std::endian::native == std::endian::little);

enum : uint16_t { kEndOfOptions = 0, kComment = 1 };
enum : uint16_t { kUserApplication = 4 };                          // of a section
enum : uint16_t { kName = 2, kDescription = 3, kMacAddress = 6 };  // of an interface
enum : uint16_t { kPacketFlags = 2 };
constexpr uint16_t kEthernet = 1;  // LINKTYPE_ETHERNET

// One block: its lengths are known when it is complete.
class Block {
 public:
  Block(std::string& out, uint32_t type) : out_(out), begin_(out.size()) {
    put(type);
    put(uint32_t{0});
  }
  ~Block() {
    if (options_) put(uint32_t{kEndOfOptions});
    const auto length = static_cast<uint32_t>(out_.size() - begin_ + sizeof(uint32_t));
    put(length);
    std::memcpy(out_.data() + begin_ + sizeof(uint32_t), &length, sizeof length);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  template <class Number>
  void put(Number n) {
    char bytes[sizeof n];
    std::memcpy(bytes, &n, sizeof n);
    out_.append(bytes, sizeof n);
  }
  // The upper half comes first.
  void put_time(uint64_t us) {
    put(static_cast<uint32_t>(us >> 32));
    put(static_cast<uint32_t>(us));
  }
  void put(const void* bytes, std::size_t n) {
    out_.append(static_cast<const char*>(bytes), n);
    out_.append((4 - n % 4) % 4, '\0');
  }
  void option(uint16_t code, const void* value, std::size_t n) {
    options_ = true;
    put(code);
    put(static_cast<uint16_t>(n));
    put(value, n);
  }
  void option(uint16_t code, std::string_view text) {
    if (!text.empty()) option(code, text.data(), text.size());
  }

 private:
  std::string& out_;
  std::size_t begin_;
  bool options_ = false;
};

}  // namespace

void append_section(std::string& out, std::string_view program, std::string_view comment) {
  Block block(out, kSectionHeader);
  block.put(uint32_t{0x1a2b3c4d});  // tells the byte order
  block.put(uint16_t{1});           // version 1.0
  block.put(uint16_t{0});
  block.put(~uint64_t{0});  // the section's length is not known
  block.option(kComment, comment);
  block.option(kUserApplication, program);
}

void append_interface(std::string& out, const InterfaceBlock& interface) {
  Block block(out, kInterface);
  block.put(kEthernet);
  block.put(uint16_t{0});
  block.put(interface.snaplen);
  block.option(kName, interface.name);
  block.option(kDescription, interface.description);
  if (!interface.mac.is_zero())
    block.option(kMacAddress, interface.mac.bytes.data(), interface.mac.bytes.size());
}

void append_packet(std::string& out, const PacketBlock& packet) {
  Block block(out, kEnhancedPacket);
  block.put(packet.interface);
  block.put_time(packet.us);
  block.put(static_cast<uint32_t>(packet.bytes.size()));
  block.put(packet.wire_length);
  block.put(packet.bytes.data(), packet.bytes.size());
  const auto flags = static_cast<uint32_t>(packet.way);
  block.option(kPacketFlags, &flags, sizeof flags);
  if (packet.lost > 0) block.option(kPacketDropCount, &packet.lost, sizeof packet.lost);
  block.option(kComment, packet.comment);
}

}  // namespace steelyard::capture
