// Numbers with units as people write them: "250ms", "10M". The whole text or nothing; no signs, fractions or
// spaces.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steelyard::config {

// A whole number with one of the units ms, s, m, h. At most 2^53 ms, more is nothing.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

// A whole number, optionally with k, M or G (decimal: 1000, 1000^2, 1000^3). At most 2^64 - 1.
std::optional<uint64_t> parse_count(std::string_view text) noexcept;

// In the largest unit that divides it: "90s", "2m", "250ms"; "10M", "1500k", "65534".
std::string format_duration(std::chrono::milliseconds t);
std::string format_count(uint64_t n);

}  // namespace steelyard::config
