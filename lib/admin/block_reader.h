// Cuts pcapng that comes in pieces into whole blocks, so that a capture which is stopped at any moment is
// still a file, and counts what goes by.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace steelyard::admin {

struct NotPcapng : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class BlockReader {
 public:
  // The whole blocks that are complete with these bytes; valid until the next call. Throws NotPcapng.
  std::string_view take(std::string_view bytes);

  uint64_t packets() const noexcept { return packets_; }
  uint64_t lost() const noexcept { return lost_; }  // packets that the director had no room for

 private:
  std::string buffer_;
  std::size_t given_ = 0;  // of the buffer, by the last call
  uint64_t packets_ = 0, lost_ = 0;
};

}  // namespace steelyard::admin
