#include "base/log.h"

#include <string>

#include <catch2/catch.hpp>

using namespace steelyard;

namespace {
struct Memory {
  char* data = nullptr;
  std::size_t size = 0;
  std::FILE* file = open_memstream(&data, &size);
  ~Memory() {
    std::fclose(file);
    std::free(data);
  }
  std::string text() {
    std::fflush(file);
    return {data, size};
  }
};
}  // namespace

TEST_CASE("a log message is one line with its level", "[base]") {
  Memory out;
  Logger log(LogLevel::info, out.file);
  log.error("no such port: {}", "inside");
  log.warning("two\nlines and \x1b[31mcolour");
  log.info("{} connections", 3);
  CHECK(out.text() ==
        "error: no such port: inside\nwarning: two\\nlines and \\x1b[31mcolour\ninfo: 3 connections\n");
}

TEST_CASE("messages above the logger's level are left out", "[base]") {
  Memory out;
  Logger log(LogLevel::error, out.file);
  log.warning("not told");
  log.write(LogLevel::debug, "not told");
  CHECK(out.text().empty());
  log.set_level(LogLevel::debug);
  log.debug("told");
  CHECK(out.text() == "debug: told\n");
}

TEST_CASE("log levels are known by name", "[base]") {
  for (const auto level : {LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug})
    CHECK(parse_log_level(to_string(level)) == level);
  CHECK_FALSE(parse_log_level("loud"));
  CHECK_FALSE(parse_log_level(""));
}
