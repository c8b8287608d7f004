#include "load/tally.h"

#include <algorithm>

#include <fmt/format.h>

namespace steelyard::load {

namespace {

constexpr std::size_t kLongestLabel = 64;
constexpr std::size_t kMostBodies = 1000;

uint64_t fnv1a(std::string_view bytes) noexcept {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string_view name(Outcome outcome) noexcept {
  static constexpr std::array<std::string_view, kOutcomes> kNames{
      "served",     "refused",    "timed_out",   "reset",         "cut_short",
      "bad_status", "wrong_body", "unreachable", "no_local_port",
  };
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string body_label(std::string_view body) {
  std::string_view text = body;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (printable && text.size() <= kLongestLabel) return std::string(text);
  return fmt::format("{} bytes, fnv1a {:016x}", body.size(), fnv1a(body));
}

void Tally::add(const Result& result) {
  ++counts_[static_cast<std::size_t>(result.outcome)];
  ++ended_;
  if (result.outcome != Outcome::served) return;
  if (!result.closed) ++unclosed_;
  for (const auto latency : result.latencies)
    latency_us_.record(static_cast<uint64_t>(latency.count() / 1000));
  std::string label = body_label(result.body);
  if (bodies_.size() >= kMostBodies && !bodies_.contains(label)) label = "(others)";
  ++bodies_[label];
}

}  // namespace steelyard::load
