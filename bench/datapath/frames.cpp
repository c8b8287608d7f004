#include "datapath/frames.h"

#include <algorithm>

#include "replay/dissect.h"

namespace steelyard::bench {

uint32_t FrameStore::add(std::span<const uint8_t> bytes) {
  Frame f{bytes_.size(), static_cast<uint16_t>(bytes.size())};
  const auto ip = replay::view_ip(bytes);
  if (ip && replay::view_flow(bytes, *ip)) {
    f.ip = static_cast<uint8_t>(ip->ip);
    f.l4 = static_cast<uint8_t>(ip->l4);
    const bool udp = ip->protocol == static_cast<uint8_t>(Protocol::udp);
    f.checksum = static_cast<uint8_t>(ip->l4 + (udp ? 6 : 16));
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  frames_.push_back(f);
  return static_cast<uint32_t>(frames_.size() - 1);
}

FrameSpec FrameStore::spec(uint32_t frame, std::span<const uint8_t> placed, uint8_t port) {
  FrameSpec s{.frame = frame, .port = port};
  const bool as_kept = std::ranges::equal(bytes(frame), placed);
  const Frame& f = frames_[frame];
  if (f.ip == 0 || placed.size() != f.length) {
    if (!as_kept) s.frame = add(placed);
    return s;
  }
  const auto word = [&placed](std::size_t at) {
    uint16_t w;
    std::memcpy(&w, &placed[at], 2);
    return w;
  };
  s.source = replay::get_address(placed, f.ip + 12u), s.destination = replay::get_address(placed, f.ip + 16u);
  s.source_port = {word(f.l4)}, s.destination_port = {word(f.l4 + 2u)};
  s.ip_checksum = word(f.ip + 10u), s.l4_checksum = word(f.checksum);
  s.readdressed = !as_kept;
  std::vector<uint8_t> made(f.length);
  write(s, made.data());
  if (std::ranges::equal(made, placed)) return s;
  s.readdressed = false;
  s.frame = add(placed);
  return s;
}

}  // namespace steelyard::bench
