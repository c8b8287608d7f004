#include "admin/block_reader.h"

#include <cstring>

#include "capture/pcapng.h"

namespace steelyard::admin {
namespace {

constexpr uint32_t kLeastBlock = 12, kMostBlock = 1u << 20;

template <class Number>
Number load(std::string_view from, std::size_t at) {
  Number n;
  if (at + sizeof n > from.size()) throw NotPcapng("the director's answer is damaged");
  std::memcpy(&n, from.data() + at, sizeof n);
  return n;
}

constexpr std::size_t padded(std::size_t n) noexcept { return (n + 3) & ~std::size_t{3}; }

// What a packet's block says of packets that were lost before it.
uint64_t lost_before(std::string_view block) {
  std::size_t at = capture::kPacketFixed + padded(load<uint32_t>(block, capture::kCapturedAt));
  while (at + 8 < block.size()) {
    const auto code = load<uint16_t>(block, at), length = load<uint16_t>(block, at + 2);
    if (code == capture::kPacketDropCount) return load<uint64_t>(block, at + 4);
    at += 4 + padded(length);
  }
  return 0;
}

}  // namespace

std::string_view BlockReader::take(std::string_view bytes) {
  buffer_.erase(0, given_);
  buffer_ += bytes;
  given_ = 0;
  while (buffer_.size() - given_ >= kLeastBlock) {
    const auto length = load<uint32_t>(buffer_, given_ + 4);
    if (length < kLeastBlock || length > kMostBlock || length % 4 != 0)
      throw NotPcapng("the director's answer is no pcapng");
    if (buffer_.size() - given_ < length) break;
    const std::string_view block = std::string_view(buffer_).substr(given_, length);
    if (load<uint32_t>(block, 0) == capture::kEnhancedPacket) {
      ++packets_;
      lost_ += lost_before(block);
    }
    given_ += length;
  }
  return std::string_view(buffer_).substr(0, given_);
}

}  // namespace steelyard::admin
