// steelyard-load: the study's load generator. See --help.
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

// A progress line at most five times a second, on a terminal only.
Generator::Progress progress_on(std::FILE* terminal, uint64_t requested) {
  using Clock = std::chrono::steady_clock;
  return [terminal, requested, began = Clock::now(), shown = Clock::time_point{}](
             const Step&, const Tally& tally) mutable {
    const auto now = Clock::now();
    if (now - shown < std::chrono::milliseconds(200) && tally.ended() < requested) return;
    shown = now;
    fmt::print(terminal, "\r\033[K{}", progress_line(requested, now - began, tally));
    std::fflush(terminal);
  };
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
  const bool show = !options.quiet && isatty(STDERR_FILENO) == 1;
  Generator generator(io, target, options.sources, ramp,
                      show ? progress_on(stderr, ramp.total()) : Generator::Progress{});
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) generator.stop();
  });
  generator.start([&] { signals.cancel(); });
  io.run();
  if (show) std::fputs("\n", stderr);

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
