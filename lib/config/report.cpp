#include "config/report.h"

#include <algorithm>
#include <tuple>

namespace steelyard::config {
namespace {
// A generated file may be wrong in every line; nobody reads more.
constexpr std::size_t kMaxMessages = 1000;

std::string lines(const std::vector<Message>& messages) {
  std::string all;
  for (const Message& m : messages) all += (all.empty() ? "" : "\n") + m.format();
  return all;
}
}  // namespace

std::string Message::format() const {
  if (at.line == 0) return fmt::format("{}: {}", file, text);
  return fmt::format("{}:{}:{}: {}", file, at.line, at.column, text);
}

std::string Message::format_warning() const { return Message{file, at, "warning: " + text}.format(); }

Error::Error(std::vector<Message> messages)
    : std::runtime_error(lines(messages)), messages_(std::move(messages)) {}

void Report::add(std::vector<Message>& list, Place at, std::string text) {
  if (list.size() > kMaxMessages) return;
  if (list.size() == kMaxMessages)
    text = fmt::format("more than {} messages; the rest is left out", kMaxMessages);
  list.push_back({file_, at, std::move(text)});
}

std::vector<Message> Report::in_order(std::vector<Message> list) {
  std::ranges::stable_sort(list, [](const Message& a, const Message& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  return list;
}

}  // namespace steelyard::config
