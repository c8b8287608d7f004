// Established connections and their packets: made up, or taken from captures.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datapath/rig.h"

namespace steelyard::bench {

// Captures that are read. All frames in order of time.
struct Captures {
  std::vector<std::vector<uint8_t>> frames;
  bool map = false;  // made into traffic of services, as steelyard-replay --map does; else taken as they are
  unsigned servers = 4, copies = 1;  // of each service; of the capture, each with other clients
  std::size_t longest() const noexcept;
};
inline constexpr std::size_t kLongestCaptured = 65280;  // longer frames are cut
// Throws replay::CaptureError.
Captures read_captures(const std::vector<std::string>& files);

struct Setting {
  uint32_t flows = 1000;
  unsigned workers = 1;
  bool affinity = true;
  bool huge_pages = false;
  Order order = Order::random;
  Sizes sizes;
  Ratio ratio;
  uint64_t round_packets = 2'000'000;  // of each worker, in a round
  const Captures* captures = nullptr;  // instead of `flows`, `order` and `sizes`
  bool one_port = false;               // a director with one port for both sides
};

// A director with its connections open, and the packets that each worker gets over and over.
class Established {
 public:
  virtual ~Established() = default;
  Rig& rig() noexcept { return *rig_; }
  uint32_t flows() const noexcept { return flows_; }
  double seconds_to_open() const noexcept { return seconds_to_open_; }

  virtual void load(MemoryNic& nic, unsigned worker, bool loop) const = 0;
  virtual std::size_t packets(unsigned worker) const = 0;
  // By connection, of made-up ones; else empty.
  virtual std::span<const uint8_t> server_of() const noexcept { return {}; }
  // Sends a worker's packets through the director, each once, and looks at what comes out. Throws
  // WrongAnswer.
  virtual void check(unsigned worker) = 0;
  // How many packets leave for `n` of a worker's, from its packet `at` on.
  virtual uint64_t sent_for(unsigned worker, std::size_t at, uint64_t n) const = 0;

 protected:
  std::unique_ptr<Rig> rig_;
  uint32_t flows_ = 0;
  double seconds_to_open_ = 0;
};

// Connections 0 to flows - 1 of the benchmark's own service.
std::unique_ptr<Established> establish_made_up(const Setting& setting, const BufferPool& buffers);
// Throws WrongAnswer, StartError, std::length_error.
std::unique_ptr<Established> establish_captures(const Setting& setting, const BufferPool& buffers);

inline constexpr std::size_t kMostTraffic = 1 << 24;  // packets to come, 400 MB of them

}  // namespace steelyard::bench
