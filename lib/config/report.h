// Collects what is wrong in one file, so that all of it can be told at once.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/config.h"

namespace steelyard::config {

class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  template <class... Args>
  void error(Place at, fmt::format_string<Args...> format, Args&&... args) {
    add(errors_, at, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void warning(Place at, fmt::format_string<Args...> format, Args&&... args) {
    add(warnings_, at, fmt::format(format, std::forward<Args>(args)...));
  }

  bool failed() const noexcept { return !errors_.empty(); }
  // In the order of the file.
  std::vector<Message> errors() const { return in_order(errors_); }
  std::vector<Message> warnings() const { return in_order(warnings_); }

 private:
  void add(std::vector<Message>& list, Place at, std::string text);
  static std::vector<Message> in_order(std::vector<Message> list);

  std::string file_;
  std::vector<Message> errors_, warnings_;
};

// Tells of values that may stand only once: the second one is an error that names the place of the first.
template <class T>
class Unique {
 public:
  bool add(const T& value, Place at, std::string_view what, Report& report) {
    const auto [first, added] = places_.emplace(value, at);
    if (!added) report.error(at, "{} is already used in line {}", what, first->second.line);
    return added;
  }

 private:
  std::map<T, Place> places_;
};

}  // namespace steelyard::config
