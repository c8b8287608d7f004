#include "base/log.h"

#include <algorithm>
#include <array>

namespace steelyard {
namespace {
constexpr std::array<std::string_view, 4> kNames{"error", "warning", "info", "debug"};
}  // namespace

std::string_view to_string(LogLevel level) noexcept { return kNames[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  const auto* at = std::ranges::find(kNames, text);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(at - kNames.begin());
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

void Logger::write(LogLevel level, std::string_view text) noexcept {
  if (!wants(level)) return;
  try {
    const std::string line = fmt::format("{}: {}\n", to_string(level), escape(text));
    std::fwrite(line.data(), 1, line.size(), out_);
    std::fflush(out_);
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory for a log message\n", out_);
  }
}

}  // namespace steelyard
