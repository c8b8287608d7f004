#include "load/dns_message.h"

#include <stdexcept>

#include <fmt/format.h>

namespace steelyard::load {

namespace {

constexpr std::size_t kHeader = 12;
constexpr uint16_t kTxt = 16, kInternet = 1;

void append16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

// Reads a packet from the front; once something is missing it stays bad and gives zeros.
class Reader {
 public:
  explicit Reader(std::string_view packet) : rest_(packet) {}

  bool good() const { return good_; }

  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view out = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return out;
  }

  unsigned number(std::size_t bytes) {
    unsigned value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }

  // Labels up to the root, or up to a pointer to a name elsewhere.
  void skip_name() {
    while (good_) {
      const unsigned length = number(1);
      if (length >= 0xc0) take(1);
      if (length == 0 || length >= 0xc0) return;
      take(length);
    }
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string joined_strings(std::string_view data) {
  std::string out;
  Reader reader(data);
  for (std::size_t used = 0; used < data.size() && reader.good();) {
    const unsigned length = reader.number(1);
    out += reader.take(length);
    used += 1 + length;
  }
  return out;
}

}  // namespace

std::string dns_query(uint16_t id, std::string_view name) {
  std::string out;
  for (const unsigned field : {unsigned{id}, 0x0100u /* recursion desired */, 1u, 0u, 0u, 0u})
    append16(out, field);
  std::string_view rest = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (label.empty() || label.size() > 63 || name.size() > 253)
      throw std::invalid_argument(fmt::format("'{}' is no domain name", name));
    out += static_cast<char>(label.size());
    out += label;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  out += '\0';
  append16(out, kTxt);
  append16(out, kInternet);
  return out;
}

DnsAnswer read_dns_answer(std::string_view packet, uint16_t id) {
  using State = DnsAnswer::State;
  Reader reader(packet);
  const unsigned its_id = reader.number(2), flags = reader.number(2);
  if (!reader.good() || its_id != id || (flags & 0x8000) == 0) return {State::other, {}};
  if ((flags & 0x0f) != 0) return {State::failed, {}};
  const unsigned questions = reader.number(2), answers = reader.number(2);
  reader.take(kHeader - 8);
  for (unsigned i = 0; i < questions && reader.good(); ++i) {
    reader.skip_name();
    reader.take(4);
  }
  for (unsigned i = 0; i < answers && reader.good(); ++i) {
    reader.skip_name();
    const unsigned type = reader.number(2);
    reader.take(6);  // class, time to live
    const std::string_view data = reader.take(reader.number(2));
    if (reader.good() && type == kTxt) return {State::text, joined_strings(data)};
  }
  return {State::malformed, {}};
}

}  // namespace steelyard::load
