// A director on memory NICs: the real control core, table and workers, as the daemon has them. Made and used
// by the main thread; turn() of a worker by one thread at a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "control/director.h"
#include "datapath/memory_nic.h"
#include "pipeline/worker.h"

namespace steelyard::bench {

inline constexpr std::array<Mac, 2> kOwnMacs{{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}}};
inline constexpr Mac kGatewayMac{{2, 0, 0, 0, 1, 0}};
constexpr Mac server_mac(unsigned server) noexcept { return {{2, 0, 0, 0, 2, static_cast<uint8_t>(server)}}; }

// The time of a worker's turn, as the daemon's loop tells it: the time-stamp counter for microseconds.
class Clock {
 public:
  Clock() noexcept;
  Now now(uint64_t tsc) const noexcept {
    const uint64_t us = tsc / cycles_per_us_;
    return {static_cast<Ticks>((us - start_us_) / 250'000 + jumped_), static_cast<uint32_t>(us)};
  }
  uint64_t milliseconds() const noexcept;
  void jump(std::chrono::seconds by) noexcept {
    jumped_ += static_cast<uint64_t>(by.count()) * kTicksPerSecond;
  }

 private:
  uint64_t cycles_per_us_, start_us_, jumped_ = 1000;
};

class Rig {
 public:
  struct Options {
    uint32_t connections = 1000;
    unsigned workers = 1;
    bool huge_pages = false;
    bool one_port = false;  // clients and servers are behind the same port
  };
  // Where there are too few huge pages for the table, says so on stderr and takes normal ones. Throws
  // StartError, std::system_error.
  Rig(const Options& options, const BufferPool& buffers);
  // With another configuration than the benchmark's own service; its ports are taken to be without a MAC.
  Rig(const config::Config& config, const Options& options, const BufferPool& buffers);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  MemoryNic& nic(unsigned worker) noexcept { return lanes_[worker]->nic; }
  control::Director& director() noexcept { return *director_; }
  // Turns of one worker until its NIC has delivered `packets`, or has no more. Returns how many it had.
  uint64_t run(unsigned worker, uint64_t packets) noexcept;
  // All that was loaded, in turns of worker 0, without a step of the control core.
  void run_all() noexcept;

  // What the control core does meanwhile: time, sweep, reclamation, schedules.
  void tick();
  // Opens connections by SYN, SYN-ACK and ACK, as many as `flows`. Returns each one's server. A few in a
  // hundred million may be kRefused, since both their buckets are full; all others must open. Throws
  // WrongAnswer.
  std::vector<uint8_t> open(uint32_t flows);
  // Lets the time pass until no connection is left.
  void clear();

  // Plays packets once, in turns of worker 0; `sent` is told of each that leaves, if given.
  void play(std::span<const Spec> specs, const MemoryNic::Observer& sent = {});
  bool on_huge_pages() const noexcept { return director_->table().on_huge_pages(); }
  const Clock& clock() const noexcept { return clock_; }

  uint64_t drops() const;
  uint64_t refused() const;  // connections: both their buckets were full
  std::string fate() const;  // what became of packets so far, for messages
  // That the process's memory map grew by when this was made, huge pages included.
  std::size_t memory_bytes() const noexcept { return memory_bytes_; }

 private:
  struct Lane {
    Lane(unsigned id, const BufferPool& buffers, control::Director& director);
    MemoryNic nic;
    Worker<MemoryNic> worker;
  };
  std::size_t before_;
  std::unique_ptr<control::Director> director_;
  std::size_t memory_bytes_;
  bool one_port_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  Clock clock_;
};

// Of the benchmark's own service; without limits of rate.
config::Config own_configuration(uint32_t connections, bool one_port);

struct WrongAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Bytes of this process's memory that is present, huge pages included (/proc/self/smaps_rollup).
std::size_t present_memory();

}  // namespace steelyard::bench
