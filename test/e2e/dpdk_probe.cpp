// A wire made of this project's EAL, ports, queues and worker loop: what comes in by one port goes out by the
// other. Frames of EtherType 0x88b5 go the way of kernel-bound frames instead, up to the control core and
// down again, and return by the port they came in by. Prints `ready`, runs until SIGTERM, then prints what it
// counted.
//
//   dpdk-probe poll|sleep WORKERS DEVICE DEVICE [EAL ARGUMENT]...
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <thread>

#include <fmt/format.h>
#include <rte_mbuf.h>

#include "base/start_error.h"
#include "dpdk/control_io.h"
#include "dpdk/eal.h"
#include "dpdk/ports.h"
#include "dpdk/queue_io.h"
#include "dpdk/worker_loop.h"
#include "net/headers.h"

namespace {

using namespace steelyard;

constexpr uint16_t kExperimental = swap16(0x88b5);

std::atomic<bool> ended{false};
static_assert(std::atomic<bool>::is_always_lock_free);

struct Wire {
  dpdk::QueueIo& io;
  GracePeriods& grace;
  unsigned thread;
  uint64_t frames = 0, segmented = 0, up = 0;

  uint16_t turn(Now) noexcept {
    rte_mbuf* batch[32];
    const uint16_t n = io.receive(batch, 32);
    for (uint16_t i = 0; i < n; ++i) pass(batch[i]);
    frames += n;
    grace.quiescent(thread);
    return n;
  }
  void pass(rte_mbuf* frame) noexcept {
    if (rte_pktmbuf_mtod(frame, const EthernetHeader*)->type == kExperimental) {
      ++up;
      if (!io.to_kernel(frame)) rte_pktmbuf_free(frame);
      return;
    }
    const auto out = static_cast<uint8_t>(1 - frame->port);
    frame = in_two_segments(frame);
    io.send(out, &frame, 1);
  }
  // Every other long frame as fragmentation on output would leave it: a header and a reference to the rest.
  rte_mbuf* in_two_segments(rte_mbuf* frame) noexcept {
    if (frame->data_len < 200 || frames % 2 == 0) return frame;
    rte_mbuf* head = rte_pktmbuf_alloc(io.direct_pool());
    rte_mbuf* rest = rte_pktmbuf_alloc(io.indirect_pool());
    rte_pktmbuf_attach(rest, frame);
    rte_memcpy(rte_pktmbuf_append(head, 34), rte_pktmbuf_mtod(frame, void*), 34);
    rte_pktmbuf_adj(rest, 34);
    rte_pktmbuf_chain(head, rest);
    rte_pktmbuf_free(frame);
    ++segmented;
    return head;
  }
};

config::Config configuration(int argc, char** argv) {
  config::Config c;
  c.director.idle = std::string_view(argv[1]) == "poll" ? config::Idle::poll : config::Idle::sleep;
  c.director.worker_cores.clear();
  // Worker 0 on core 1, the next on core 0 beside the control core.
  for (unsigned w = 0; w < static_cast<unsigned>(std::stoi(argv[2])); ++w)
    c.director.worker_cores.push_back(1 - w % 2);
  for (int i = 3; i < 5; ++i) {
    config::Port port;
    port.name = i == 3 ? "left" : "right";
    port.device = argv[i];
    c.ports.push_back(port);
  }
  c.director.eal.assign(argv + 5, argv + argc);
  return c;
}

void run(const config::Config& c) {
  const auto workers = static_cast<unsigned>(c.director.worker_cores.size());
  const dpdk::Eal eal(c);
  dpdk::Ports ports(c, workers);
  dpdk::ControlIo control(workers, ports.pools());
  GracePeriods grace(workers);
  std::deque<dpdk::QueueIo> ios;
  std::vector<Wire> wires;
  for (unsigned w = 0; w < workers; ++w) ios.emplace_back(ports, control, w);
  for (unsigned w = 0; w < workers; ++w) wires.push_back({ios[w], grace, w});
  std::vector<dpdk::LoopProgress> progress(workers);
  std::deque<WorkerCounters> counters;
  for (unsigned w = 0; w < workers; ++w) counters.emplace_back(1);
  dpdk::LoopControl loop;
  ports.start();
  for (const std::string& line : ports.descriptions()) fmt::print("{}\n", line);
  dpdk::WorkerThreads threads(workers, loop);
  threads.launch([&](unsigned w) {
    dpdk::run_worker(wires[w], ios[w], w, grace, c.director.idle, loop, progress[w], counters[w]);
  });
  fmt::print("ready\n");
  std::fflush(stdout);
  while (!ended) {
    control.drain(
        1024, [&](uint8_t port, std::span<const uint8_t> frame) { control.send(port, frame); },
        [](Ipv4, std::span<const uint8_t>) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  threads.stop();
  for (unsigned w = 0; w < workers; ++w)
    fmt::print("worker {}: frames={} segmented={} up={} relayed={} sleeps={}\n", w, wires[w].frames,
               wires[w].segmented, wires[w].up,
               ios[w].counters(0).relayed.get() + ios[w].counters(1).relayed.get(), counters[w].sleeps.get());
  ports.stop();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  std::signal(SIGTERM, [](int) { ended = true; });
  try {
    run(configuration(argc, argv));
  } catch (const StartError& e) {
    fmt::print(stderr, "dpdk-probe: {}\n", e.what());
    return 3;
  }
  return 0;
}
