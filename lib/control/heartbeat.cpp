#include "control/heartbeat.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steelyard_version.h"
#if STEELYARD_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace steelyard::control {
namespace {

constexpr std::chrono::microseconds kInterval = std::chrono::seconds(1);
constexpr int kBeatsOfWatchdog = 4;      // at least so many while the watchdog waits
constexpr unsigned kBeatsOfStatus = 10;  // how often it is told while nothing happens
constexpr std::size_t kNamed = 3;

#if STEELYARD_SYSTEMD
void notify(const std::string& state) noexcept { sd_notify(0, state.c_str()); }

std::chrono::microseconds interval() noexcept {
  uint64_t watchdog = 0;
  if (sd_watchdog_enabled(0, &watchdog) <= 0) return kInterval;
  return std::min(kInterval, std::chrono::microseconds(watchdog) / kBeatsOfWatchdog);
}
#else
void notify(const std::string&) noexcept {}
std::chrono::microseconds interval() noexcept { return kInterval; }
#endif

}  // namespace

std::string status_text(const Summary& s, const std::vector<unsigned>& standing_still) {
  std::string text = fmt::format("{} service{}, {} of {} server{} up, {} connection{}", s.services,
                                 s.services == 1 ? "" : "s", s.servers_up, s.servers,
                                 s.servers == 1 ? "" : "s", s.connections, s.connections == 1 ? "" : "s");
  if (!s.down.empty()) {
    const std::size_t named = std::min(kNamed, s.down.size());
    text +=
        fmt::format("; down: {}", fmt::join(s.down.begin(), s.down.begin() + static_cast<long>(named), ", "));
    if (named < s.down.size()) text += fmt::format(" and {} more", s.down.size() - named);
  }
  for (const unsigned worker : standing_still) text += fmt::format("; worker {} stands still", worker);
  return text;
}

Heartbeat::Heartbeat(boost::asio::io_context& loop, const Director& director, unsigned workers,
                     std::function<uint64_t(unsigned)> turns, Logger& log)
    : timer_(loop),
      interval_(interval()),
      director_(director),
      turns_of_(std::move(turns)),
      log_(log),
      turns_(workers, 0),
      progress_(workers) {
  notify("READY=1");
  beat();
}

Heartbeat::~Heartbeat() { notify("STOPPING=1\nSTATUS=ending"); }

void Heartbeat::beat() {
  watch_workers();
  if (progress_.standing_still().empty()) notify("WATCHDOG=1");
  const Summary now = director_.summary();
  if (beats_++ % kBeatsOfStatus == 0 || now.servers_up != told_up_)
    notify("STATUS=" + status_text(now, progress_.standing_still()));
  told_up_ = now.servers_up;
  wait();
}

void Heartbeat::watch_workers() {
  for (unsigned w = 0; w < turns_.size(); ++w) turns_[w] = turns_of_(w);
  for (const unsigned w : progress_.beat(turns_)) {
    if (progress_.stands_still(w))
      log_.warning("worker {} stands still", w);
    else
      log_.info("worker {} goes on", w);
    beats_ = 0;  // the status tells it at once
  }
}

void Heartbeat::wait() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) beat();
  });
}

}  // namespace steelyard::control
