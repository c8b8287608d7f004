// Mbufs for unit tests: a memory pool that needs neither privileges nor huge pages, frames in and out of it,
// and mbufs over exactly sized heap memory, so that AddressSanitizer sees a read past a frame's end.
#pragma once

#include <memory>

#include <rte_mbuf.h>

#include "packets.h"

namespace steelyard::test {

// One pool per test program; starts the EAL at the first call, on the calling thread, and leaves the
// thread's CPU affinity as it was. Throws std::runtime_error.
rte_mempool& test_pool();

struct FreeMbuf {
  void operator()(rte_mbuf* m) const noexcept { rte_pktmbuf_free(m); }
};
using MbufPtr = std::unique_ptr<rte_mbuf, FreeMbuf>;

// A copy of `frame` in a fresh mbuf of the pool with the usual headroom; mbuf->port = port.
MbufPtr to_mbuf(const Bytes& frame, uint16_t port = 0);
// The frame in an mbuf, all its segments.
Bytes to_bytes(const rte_mbuf& mbuf);

// A frame in an mbuf of no pool, with nothing allocated before its headroom or behind its last byte. Good for
// code that neither frees nor chains mbufs.
class HeapMbuf {
 public:
  explicit HeapMbuf(const Bytes& frame, uint16_t headroom = 0);
  rte_mbuf* get() noexcept { return mbuf_.get(); }

 private:
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<rte_mbuf> mbuf_;
};

}  // namespace steelyard::test
