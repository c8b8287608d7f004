#include "load/report.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace steelyard::load {

namespace {

double seconds(std::chrono::nanoseconds elapsed) { return std::chrono::duration<double>(elapsed).count(); }

double rate(uint64_t count, std::chrono::nanoseconds elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(count) / seconds(elapsed) : 0.0;
}

double ms(uint64_t us) { return static_cast<double>(us) / 1000.0; }

}  // namespace

std::string to_json(const Summary& summary, const Tally& tally) {
  boost::json::object outcomes, bodies;
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    outcomes[name(outcome)] = tally.count(outcome);
  }
  for (const auto& [label, count] : tally.bodies()) bodies[label] = count;
  const Histogram& latency = tally.latency_us();
  const boost::json::object all{
      {"requested", summary.requested},
      {"served", tally.served()},
      {"lost", summary.requested - tally.served()},
      {"outcomes", outcomes},
      {"unclosed", tally.unclosed()},
      {"answers", tally.answers()},
      {"held", summary.held},
      {"seconds", seconds(summary.elapsed)},
      {"rate", rate(tally.served(), summary.elapsed)},
      {"latency_us",
       {{"p50", latency.percentile(50)},
        {"p90", latency.percentile(90)},
        {"p99", latency.percentile(99)},
        {"max", latency.max()}}},
      {"bodies", bodies},
  };
  return boost::json::serialize(all) + "\n";
}

std::string to_text(const Summary& summary, const Tally& tally) {
  const Histogram& latency = tally.latency_us();
  std::string out = fmt::format("requested {}, served {}, lost {}\n", summary.requested, tally.served(),
                                summary.requested - tally.served());
  for (std::size_t i = 1; i < kOutcomes; ++i) {
    const auto outcome = static_cast<Outcome>(i);
    if (tally.count(outcome) > 0) out += fmt::format("  {:<14} {}\n", name(outcome), tally.count(outcome));
  }
  if (tally.ended() < summary.requested)
    out += fmt::format("  {:<14} {}\n", "not opened", summary.requested - tally.ended());
  if (summary.held > 0) out += fmt::format("held at once: {}\n", summary.held);
  if (tally.answers() > tally.served()) out += fmt::format("answers: {}\n", tally.answers());
  if (tally.unclosed() > 0)
    out += fmt::format("served, but not closed in order by the other side: {}\n", tally.unclosed());
  for (const auto& [label, count] : tally.bodies()) out += fmt::format("  {:>10}  {}\n", count, label);
  out += fmt::format(
      "{:.2f} s, {:.0f} connections/s, latency p50 {:.3f} ms, p90 {:.3f}, p99 {:.3f}, max {:.3f}\n",
      seconds(summary.elapsed), rate(tally.served(), summary.elapsed), ms(latency.percentile(50)),
      ms(latency.percentile(90)), ms(latency.percentile(99)), ms(latency.max()));
  return out;
}

std::string progress_line(uint64_t requested, std::chrono::nanoseconds elapsed, const Tally& tally) {
  const uint64_t percent = requested == 0 ? 100 : tally.ended() * 100 / requested;
  return fmt::format("{:3}% {}/{} connections, {} lost, {:.0f}/s, p99 {:.1f} ms", percent, tally.ended(),
                     requested, tally.ended() - tally.served(), rate(tally.served(), elapsed),
                     ms(tally.latency_us().percentile(99)));
}

}  // namespace steelyard::load
