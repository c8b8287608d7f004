#include "admin/show.h"

#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>
#include <ostream>
#include <thread>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "admin/client.h"

namespace steelyard::admin {
namespace {

using Seconds = std::chrono::duration<double>;

// Nothing: once only.
std::optional<Seconds> pause(const Invocation& call) {
  if (!call.has("watch")) return std::nullopt;
  const std::string_view text = call.get("watch");
  if (text.empty()) return Seconds{2};
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || !(seconds >= 0.1 && seconds <= 86400))
    throw UsageError(fmt::format("--watch={}: it takes seconds, 0.1 to 86400", text));
  return Seconds{seconds};
}

// On a terminal each answer takes the place of the one before.
void begin_watched(const Invocation& call, std::ostream& out, std::string_view title, bool first) {
  if (call.json) return;
  if (call.terminal)
    out << "\033[H\033[J" << fmt::format("{}  {:%F %T}\n\n", title, fmt::localtime(std::time(nullptr)));
  else if (!first)
    out << "\n";
}

}  // namespace

int watched(const Invocation& call, std::ostream& out, std::string_view title,
            const std::function<int()>& once) {
  const std::optional<Seconds> every = pause(call);
  for (bool first = true;; first = false) {
    if (every) begin_watched(call, out, title, first);
    const int code = once();
    if (!every || code != kDone) return code;
    out.flush();
    if (!out) return kFailed;
    std::this_thread::sleep_for(*every);
  }
}

int show(const Invocation& call, std::ostream& out, std::string_view path, const Table& table) {
  return watched(call, out, path, [&] {
    const boost::json::value value = get(call.socket, std::string(path));
    out << (call.json ? boost::json::serialize(value) + "\n" : table(value));
    return kDone;
  });
}

}  // namespace steelyard::admin
