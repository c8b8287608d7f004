// A small levelled logger: one line a message, "<level>: text". For the control core and for start-up; never
// called from a worker. One write a line, so lines of several threads do not mix.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace steelyard {

enum class LogLevel : uint8_t { error, warning, info, debug };

std::string_view to_string(LogLevel level) noexcept;
std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

class Logger {
 public:
  // Messages above `level` are left out. `out` is the caller's and outlives the logger.
  explicit Logger(LogLevel level, std::FILE* out = stderr) noexcept : level_(level), out_(out) {}

  bool wants(LogLevel level) const noexcept { return level <= level_; }
  void set_level(LogLevel level) noexcept { level_ = level; }

  // Control characters are escaped, so that a message stays on its line. What cannot be written is lost.
  void write(LogLevel level, std::string_view text) noexcept;

  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    say(LogLevel::error, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    say(LogLevel::warning, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    say(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    say(LogLevel::debug, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void say(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (wants(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }

  LogLevel level_;
  std::FILE* out_;
};

// `text` with control characters written as \n, \t or \x1b.
std::string escape(std::string_view text);

}  // namespace steelyard
