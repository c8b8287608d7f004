#include "replay/report.h"

#include <iterator>

#include <fmt/format.h>

#include "replay/dissect.h"

namespace steelyard::replay {

namespace {

std::string fate(const Counts& c) {
  if (c.forwarded > 0) return "forwarded";
  if (c.kernel > 0) return "kernel";
  for (std::size_t i = 0; i < kDropReasons; ++i)
    if (c.drops[i] > 0)
      return fmt::format("dropped {}{}", to_string(static_cast<DropReason>(i)),
                         c.originated > 0 ? ", answered" : "");
  return "lost";
}

std::string what(const Bytes& frame) {
  const auto ip = view_ip(frame);
  if (!ip) return fmt::format("frame of {} bytes", frame.size());
  if (const auto flow = view_flow(frame, *ip))
    return fmt::format("{} {} > {}", to_string(flow->protocol), flow->source, flow->destination);
  return fmt::format("ip {} > {} protocol {}{}", ip->source, ip->destination, ip->protocol,
                     ip->fragment ? " fragment" : "");
}

}  // namespace

std::string to_json(const Counts& c) {
  std::string dropped;
  for (std::size_t i = 0; i < kDropReasons; ++i)
    if (c.drops[i] > 0)
      fmt::format_to(std::back_inserter(dropped), "{}\"{}\": {}", dropped.empty() ? "" : ", ",
                     to_string(static_cast<DropReason>(i)), c.drops[i]);
  return fmt::format(
      "{{\"received\": {}, \"forwarded\": {}, \"kernel\": {}, \"originated\": {}, \"dropped\": {{{}}}}}\n",
      c.received, c.forwarded, c.kernel, c.originated, dropped);
}

std::string to_table(const Counts& c) {
  std::string out;
  const auto row = [&out](std::string_view name, uint64_t n, std::string_view text = "") {
    fmt::format_to(std::back_inserter(out), "{:<28}{:>12}{}{}\n", name, n, text.empty() ? "" : "  ", text);
  };
  row("received", c.received);
  row("forwarded", c.forwarded);
  row("to the kernel", c.kernel);
  row("dropped", c.dropped());
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (c.drops[i] > 0) row(fmt::format("  {}", to_string(reason)), c.drops[i], steelyard::describe(reason));
  }
  row("originated answers", c.originated);
  return out;
}

std::string describe(const Captured& packet, const std::string& port, uint64_t number, const Counts& counts) {
  return fmt::format("{:>6} {:>10}.{:09} {:<15} {:<50} {}\n", number, packet.ns / 1'000'000'000,
                     packet.ns % 1'000'000'000, port, what(packet.bytes), fate(counts));
}

}  // namespace steelyard::replay
