#include "test_eal.h"

#include <algorithm>
#include <array>
#include <sched.h>
#include <stdexcept>
#include <string>

#include <rte_eal.h>
#include <rte_errno.h>

namespace steelyard::test {
namespace {

int first_allowed_cpu(const cpu_set_t& allowed) {
  int cpu = 0;
  while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &allowed)) ++cpu;
  return cpu;
}

void start_eal() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  // The EAL keeps pointers to its arguments. (--no-huge excludes --in-memory.)
  static std::array<std::string, 9> words{
      "test", "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "--log-level=4", "-m", "64", ""};
  words.back() = "--lcores=0@" + std::to_string(first_allowed_cpu(allowed));
  static std::array<char*, words.size()> argv;
  std::transform(words.begin(), words.end(), argv.begin(), [](std::string& w) { return w.data(); });
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0)
    throw std::runtime_error(std::string("EAL: ") + rte_strerror(rte_errno));
  sched_setaffinity(0, sizeof allowed, &allowed);
}

rte_mempool& make_pool() {
  start_eal();
  rte_mempool* pool = rte_pktmbuf_pool_create("test", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (pool == nullptr) throw std::runtime_error(std::string("test pool: ") + rte_strerror(rte_errno));
  return *pool;
}

}  // namespace

rte_mempool& test_pool() {
  static rte_mempool& pool = make_pool();
  return pool;
}

MbufPtr to_mbuf(const Bytes& frame, uint16_t port) {
  MbufPtr mbuf(rte_pktmbuf_alloc(&test_pool()));
  if (!mbuf) throw std::runtime_error("the test pool is empty: leaked mbufs?");
  char* data = rte_pktmbuf_append(mbuf.get(), static_cast<uint16_t>(frame.size()));
  if (data == nullptr) throw std::runtime_error("the frame is too long for one mbuf");
  std::copy(frame.begin(), frame.end(), data);
  mbuf->port = port;
  return mbuf;
}

Bytes to_bytes(const rte_mbuf& mbuf) {
  Bytes out;
  for (const rte_mbuf* m = &mbuf; m != nullptr; m = m->next) {
    const auto* data = rte_pktmbuf_mtod(m, const uint8_t*);
    out.insert(out.end(), data, data + m->data_len);
  }
  return out;
}

HeapMbuf::HeapMbuf(const Bytes& frame, uint16_t headroom)
    : memory_(new uint8_t[headroom + frame.size()]), mbuf_(new rte_mbuf{}) {
  std::copy(frame.begin(), frame.end(), memory_.get() + headroom);
  mbuf_->buf_addr = memory_.get();
  mbuf_->buf_len = static_cast<uint16_t>(headroom + frame.size());
  mbuf_->data_off = headroom;
  mbuf_->data_len = static_cast<uint16_t>(frame.size());
  mbuf_->pkt_len = static_cast<uint32_t>(frame.size());
  mbuf_->nb_segs = 1;
  mbuf_->refcnt = 1;
}

}  // namespace steelyard::test
