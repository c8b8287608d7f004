// A NIC made of memory: receive() takes buffers from a pool and writes fresh frames into them, as a NIC's DMA
// would; send() gives them back. Satisfies PacketIo. One per worker thread, which alone uses it.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <span>

#include <rte_mbuf.h>

#include "datapath/frames.h"
#include "datapath/traffic.h"
#include "net/headers.h"
#include "pipeline/io.h"

namespace steelyard::bench {

// The packet buffers of all NICs of the process. Needs the EAL. Throws StartError.
class BufferPool {
 public:
  // `longest` frame, in bytes.
  explicit BufferPool(std::size_t longest = kLongest);
  // What it takes.
  static std::size_t bytes(std::size_t longest) noexcept;
  // Fills all buffers with zeros, as they are at first: the payloads of made packets, which nobody writes.
  // For who plays made packets after frames of captures.
  void blank() const noexcept;
  rte_mempool* get() const noexcept { return pool_.get(); }

 private:
  struct Free {
    void operator()(rte_mempool* pool) const noexcept;
  };
  std::unique_ptr<rte_mempool, Free> pool_;
};

class MemoryNic {
 public:
  MemoryNic(const BufferPool& pool, const std::array<Mac, 2>& own, const std::array<Mac, 2>& peer) noexcept;

  // The packets to come; `loop`: over and over again, else each once. They must outlive their use.
  void load(std::span<const Spec> specs, bool loop) noexcept {
    specs_ = specs;
    store_ = nullptr;
    begin(specs.size(), loop);
  }
  void load(const FrameStore& store, std::span<const FrameSpec> specs, bool loop) noexcept {
    frame_specs_ = specs;
    store_ = &store;
    begin(specs.size(), loop);
  }
  // The next one's place among those loaded.
  std::size_t position() const noexcept { return at_; }
  void seek(std::size_t position) noexcept { at_ = position; }
  // Called with each burst that is sent, before its buffers go back; slow.
  using Observer = std::function<void(uint8_t port, std::span<rte_mbuf* const>)>;
  void observe(Observer observer) { observer_ = std::move(observer); }
  uint64_t sent() const noexcept { return sent_; }
  uint64_t other() const noexcept { return other_; }  // dropped, held, handed to the kernel

  // --- PacketIo
  uint16_t receive(rte_mbuf** packets, uint16_t n) noexcept {
    const std::size_t left = size_ - at_;
    if (left < n) n = static_cast<uint16_t>(left);
    if (n == 0 || rte_pktmbuf_alloc_bulk(pool_, packets, n) != 0) return 0;
    if (store_ == nullptr)
      for (uint16_t i = 0; i < n; ++i) write(*packets[i], specs_[at_ + i]);
    else
      for (uint16_t i = 0; i < n; ++i) write(*packets[i], frame_specs_[at_ + i]);
    at_ += n;
    if (at_ == size_ && loop_) at_ = 0;
    return n;
  }
  uint16_t send(uint8_t port, rte_mbuf** packets, uint16_t n) noexcept {
    if (observer_) [[unlikely]]
      observer_(port, {packets, n});
    sent_ += n;
    rte_pktmbuf_free_bulk(packets, n);
    return n;
  }
  void free(rte_mbuf** packets, uint16_t n) noexcept {
    other_ += n;
    rte_pktmbuf_free_bulk(packets, n);
  }
  bool to_kernel(rte_mbuf* packet) noexcept { return free(&packet, 1), true; }
  bool hold(rte_mbuf* packet, Ipv4) noexcept { return free(&packet, 1), true; }
  rte_mempool* direct_pool() noexcept { return pool_; }
  rte_mempool* indirect_pool() noexcept { return pool_; }

 private:
  struct alignas(64) Template {
    std::array<uint8_t, 64> bytes;
  };
  struct [[gnu::packed]] Headers {
    EthernetHeader ethernet;
    Ipv4Header ip;
    TcpHeader tcp;
  };

  void write(rte_mbuf& m, const Spec& s) noexcept {
    auto* frame = rte_pktmbuf_mtod(&m, uint8_t*);
    std::memcpy(frame, templates_[s.port].bytes.data(), 64);
    auto& h = *reinterpret_cast<Headers*>(frame);
    h.ip.total_length = swap16(static_cast<uint16_t>(s.length - sizeof(EthernetHeader)));
    h.ip.checksum = s.ip_checksum;
    h.ip.source = s.source.be;
    h.ip.destination = s.destination.be;
    h.tcp.source_port = s.source_port.be;
    h.tcp.destination_port = s.destination_port.be;
    h.tcp.sequence = swap32(s.flow);
    h.tcp.flags = s.flags;
    h.tcp.checksum = s.tcp_checksum;
    m.port = s.port;
    m.data_len = s.length;
    m.pkt_len = s.length;
  }

  void write(rte_mbuf& m, const FrameSpec& s) noexcept {
    const uint16_t length = store_->write(s, rte_pktmbuf_mtod(&m, uint8_t*));
    m.port = s.port;
    m.data_len = length;
    m.pkt_len = length;
  }
  void begin(std::size_t size, bool loop) noexcept { at_ = 0, size_ = size, loop_ = loop; }

  rte_mempool* pool_;
  const FrameStore* store_ = nullptr;  // null: packets are made of specs_, else of frame_specs_
  std::span<const Spec> specs_;
  std::span<const FrameSpec> frame_specs_;
  std::size_t at_ = 0, size_ = 0;
  bool loop_ = false;
  uint64_t sent_ = 0, other_ = 0;
  std::array<Template, 2> templates_;
  Observer observer_;
};
static_assert(PacketIo<MemoryNic>);

}  // namespace steelyard::bench
