#include "config/units.h"

#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace steelyard::config {
namespace {
struct Unit {
  std::string_view name;
  uint64_t factor;
};
// Smallest first.
constexpr std::array<Unit, 4> kTimes{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 4> kCounts{{{"", 1}, {"k", 1000}, {"M", 1'000'000}, {"G", 1'000'000'000}}};

std::optional<uint64_t> parse(std::string_view text, const std::array<Unit, 4>& units,
                              uint64_t limit) noexcept {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.name != suffix) continue;
    if (number > limit / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string print(uint64_t n, const std::array<Unit, 4>& units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units)
    if (n != 0 && n % unit.factor == 0) best = &unit;
  return fmt::format("{}{}", n / best->factor, best->name);
}
}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto ms = parse(text, kTimes, uint64_t{1} << 53);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds{static_cast<int64_t>(*ms)};
}

std::optional<uint64_t> parse_count(std::string_view text) noexcept {
  return parse(text, kCounts, std::numeric_limits<uint64_t>::max());
}

std::string format_duration(std::chrono::milliseconds t) {
  return print(static_cast<uint64_t>(t.count()), kTimes);
}

std::string format_count(uint64_t n) { return print(n, kCounts); }

}  // namespace steelyard::config
