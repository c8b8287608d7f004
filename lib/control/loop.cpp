#include "control/loop.h"

#include <csignal>
#include <ctime>
#include <memory>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

namespace steelyard::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTurn{1};
constexpr uint64_t kTendMs = 100;

// Watches a descriptor that someone else owns.
class Watch {
 public:
  Watch(asio::io_context& loop, int fd, std::function<void()> readable)
      : descriptor_(loop, fd), readable_(std::move(readable)) {
    wait();
  }
  ~Watch() { descriptor_.release(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      if (error) return;
      readable_();
      wait();
    });
  }
  asio::posix::stream_descriptor descriptor_;
  std::function<void()> readable_;
};

class Turns {
 public:
  Turns(asio::io_context& loop, Director& director, KernelPath& kernel, HealthChecks& health,
        std::atomic<Ticks>& clock, const std::function<bool()>& failed)
      : loop_(loop),
        timer_(loop),
        director_(director),
        kernel_(kernel),
        health_(health),
        clock_(clock),
        failed_(failed) {
    turn();
  }

 private:
  void turn() {
    const uint64_t now = boot_ms();
    kernel_.from_workers(std::chrono::milliseconds(now));
    health_.tick(std::chrono::milliseconds(now));
    clock_.store(director_.tick(now), std::memory_order_relaxed);
    if (now - tended_ >= kTendMs) {
      tended_ = now;
      kernel_.tend(std::chrono::milliseconds(now));
    }
    if (failed_()) return loop_.stop();
    timer_.expires_after(kTurn);
    timer_.async_wait([this](error_code error) {
      if (!error) turn();
    });
  }
  asio::io_context& loop_;
  asio::steady_timer timer_;
  Director& director_;
  KernelPath& kernel_;
  HealthChecks& health_;
  std::atomic<Ticks>& clock_;
  const std::function<bool()>& failed_;
  uint64_t tended_ = 0;
};

}  // namespace

void ignore_stray_signals() noexcept {
  for (const int number : {SIGUSR1, SIGUSR2, SIGPIPE}) std::signal(number, SIG_IGN);
}

uint64_t boot_ms() noexcept {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000 + static_cast<uint64_t>(t.tv_nsec) / 1'000'000;
}

void run(asio::io_context& loop, Director& director, KernelPath& kernel, HealthChecks& health,
         std::atomic<Ticks>& clock, Logger& log, const std::function<bool()>& failed) {
  asio::signal_set signals(loop, SIGTERM, SIGINT, SIGHUP);
  std::function<void(error_code, int)> on_signal = [&](error_code error, int number) {
    if (error) return;
    if (number != SIGHUP) {
      log.info("{}: ending", number == SIGTERM ? "SIGTERM" : "SIGINT");
      return loop.stop();
    }
    log.warning("SIGHUP: reloading is not built yet; restart to read the configuration again");
    signals.async_wait(on_signal);
  };
  signals.async_wait(on_signal);

  std::vector<std::unique_ptr<Watch>> watches;
  watches.push_back(
      std::make_unique<Watch>(loop, kernel.network_fd(), [&kernel] { kernel.network_changed(); }));
  for (std::size_t port = 0; port < kernel.taps().size(); ++port)
    watches.push_back(std::make_unique<Watch>(loop, kernel.taps()[port]->fd(),
                                              [&kernel, port] { kernel.from_kernel(port); }));

  Turns turns(loop, director, kernel, health, clock, failed);
  loop.run();
}

}  // namespace steelyard::control
