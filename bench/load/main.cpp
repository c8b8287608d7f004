// steelyard-load: the study's load generator. See --help.
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "load/attempt.h"
#include "load/generator.h"
#include "load/options.h"
#include "load/report.h"
#include "steelyard_version.h"

namespace {

using namespace steelyard::load;

Target make_target(boost::asio::io_context& io, const Options& options) {
  boost::asio::ip::tcp::resolver resolver(io);
  Target target;
  target.endpoint = *resolver.resolve(options.url.host, std::to_string(options.url.port)).begin();
  target.request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: steelyard-load\r\nConnection: close\r\n\r\n",
                  options.url.path, options.url.host, options.url.port);
  target.limit = options.limit;
  target.expected.insert(options.expected.begin(), options.expected.end());
  return target;
}

// One line that is written over, at most five times a second.
Generator::Progress on_terminal(uint64_t requested) {
  using Clock = std::chrono::steady_clock;
  return [requested, began = Clock::now(), shown = Clock::time_point{}](const Step&,
                                                                        const Tally& tally) mutable {
    const auto now = Clock::now();
    const bool last = tally.ended() == requested;
    if (now - shown < std::chrono::milliseconds(200) && !last) return;
    shown = now;
    fmt::print(stderr, "\r\033[K{}{}", progress_line(requested, now - began, tally), last ? "\n" : "");
  };
}

// A line for each tenth.
Generator::Progress in_log(uint64_t requested) {
  using Clock = std::chrono::steady_clock;
  return [requested, began = Clock::now(), tenths = uint64_t{0}](const Step&, const Tally& tally) mutable {
    if (tally.ended() * 10 / requested <= tenths) return;
    tenths = tally.ended() * 10 / requested;
    fmt::print(stderr, "{}\n", progress_line(requested, Clock::now() - began, tally));
  };
}

Generator::Progress progress_for(const Options& options, uint64_t requested) {
  if (options.quiet) return {};
  if (isatty(STDERR_FILENO) == 1) return on_terminal(requested);
  return options.progress ? in_log(requested) : Generator::Progress{};
}

bool write_json(const std::string& file, const std::string& json) {
  if (file.empty()) return true;
  if (file == "-") return std::fputs(json.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  std::ofstream out(file, std::ios::binary);
  out << json << std::flush;
  return out.good();
}

int run(const Options& options) {
  boost::asio::io_context io(1);
  const Target target = make_target(io, options);
  const Ramp ramp(options.users, options.iterations);
  Generator generator(io, target, options.sources, ramp, progress_for(options, ramp.total()));
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) generator.stop();
  });
  generator.start([&] { signals.cancel(); });
  io.run();

  const Summary summary{ramp.total(), generator.elapsed()};
  fmt::print(options.json == "-" ? stderr : stdout, "{}", to_text(summary, generator.tally()));
  if (!write_json(options.json, to_json(summary, generator.tally()))) {
    fmt::print(stderr, "steelyard-load: cannot write '{}'\n", options.json);
    return 3;
  }
  return generator.tally().served() == summary.requested ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse_options(argc, argv);
    if (options.help) {
      fmt::print("{}", help_text());
      return 0;
    }
    if (options.version) {
      fmt::print("steelyard-load {}\n", STEELYARD_VERSION);
      return 0;
    }
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "steelyard-load: {}\n", error.what());
    return 2;
  }
}
