// steelyard-load: the load generator of the study's load, and of others. See --help.
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "load/dns_attempt.h"
#include "load/http_attempt.h"
#include "load/options.h"
#include "load/pool_generator.h"
#include "load/ramp_generator.h"
#include "load/report.h"
#include "steelyard_version.h"

namespace {

using namespace steelyard::load;

// Every socket is a file: take as many as this process may have.
void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void require_files(const Options& options) {
  constexpr rlim_t kOthers = 64;
  rlimit files{};
  if (options.hold && getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < options.connections + kOthers)
    throw std::runtime_error(fmt::format(
        "--hold {} connections needs as many open files, and a process may have {}: raise ulimit -n, or run "
        "several of this program",
        options.connections, files.rlim_cur));
}

HttpTarget http_target(boost::asio::io_context& io, const Options& options) {
  boost::asio::ip::tcp::resolver resolver(io);
  HttpTarget target;
  target.endpoint = *resolver.resolve(options.url.host, std::to_string(options.url.port)).begin();
  target.host = fmt::format("{}:{}", options.url.host, options.url.port);
  target.path = options.url.path;
  target.upload = options.upload;
  target.requests = options.requests;
  target.hold = options.hold;
  target.limit = options.limit;
  target.expected.insert(options.expected.begin(), options.expected.end());
  return target;
}

DnsTarget dns_target(boost::asio::io_context& io, const Options& options) {
  boost::asio::ip::udp::resolver resolver(io);
  return {*resolver.resolve(options.url.host, std::to_string(options.url.port)).begin(),
          options.url.path,
          options.limit,
          {options.expected.begin(), options.expected.end()}};
}

MakeAttempt attempts(boost::asio::io_context& io, const Options& options) {
  if (options.url.scheme == Url::Scheme::dns)
    return [&io, target = std::make_shared<const DnsTarget>(dns_target(io, options))](uint64_t number,
                                                                                      Events events) {
      return std::make_shared<DnsAttempt>(io, *target, number, std::move(events));
    };
  return [&io, target = std::make_shared<const HttpTarget>(http_target(io, options))](uint64_t number,
                                                                                      Events events) {
    return std::make_shared<HttpAttempt>(io, *target, number, std::move(events));
  };
}

// One line that is written over, at most five times a second.
Generator::Progress on_terminal(uint64_t requested) {
  using Clock = std::chrono::steady_clock;
  return [requested, began = Clock::now(), shown = Clock::time_point{}](const Tally& tally) mutable {
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
  return [requested, began = Clock::now(), tenths = uint64_t{0}](const Tally& tally) mutable {
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

// A line that scripts wait for.
void tell_held(uint64_t held) {
  fmt::print(stderr, "holding {} connections until SIGUSR1\n", held);
  std::fflush(stderr);
}

std::unique_ptr<Generator> generator_for(boost::asio::io_context& io, const Options& options,
                                         uint64_t requested) {
  Generator::Progress progress = progress_for(options, requested);
  MakeAttempt make = attempts(io, options);
  if (options.connections == 0)
    return std::make_unique<RampGenerator>(std::move(make), options.sources,
                                           Ramp(options.users, options.iterations), std::move(progress));
  return std::make_unique<PoolGenerator>(std::move(make), options.sources,
                                         PoolGenerator::Size{options.connections, options.at_once},
                                         std::move(progress), tell_held);
}

int run(const Options& options) {
  raise_file_limit();
  require_files(options);
  boost::asio::io_context io(1);
  const uint64_t requested =
      options.connections > 0 ? options.connections : Ramp(options.users, options.iterations).total();
  const std::unique_ptr<Generator> generator = generator_for(io, options, requested);
  boost::asio::signal_set stop(io, SIGINT, SIGTERM), release(io, SIGUSR1);
  stop.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) generator->stop();
  });
  release.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) generator->release();
  });
  generator->start([&] {
    stop.cancel();
    release.cancel();
  });
  io.run();

  const Summary summary{requested, generator->elapsed(), generator->held()};
  fmt::print(options.json == "-" ? stderr : stdout, "{}", to_text(summary, generator->tally()));
  if (!write_json(options.json, to_json(summary, generator->tally()))) {
    fmt::print(stderr, "steelyard-load: cannot write '{}'\n", options.json);
    return 3;
  }
  return generator->tally().served() == summary.requested ? 0 : 1;
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
