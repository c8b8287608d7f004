#include "config/text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"

namespace steelyard::config {
namespace {
constexpr std::size_t kQuoted = 60;

// Bytes of the well-formed UTF-8 sequence at the start of `s`, 0 if it is not one (RFC 3629 section 4).
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool beyond = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || beyond ? 0 : length;
}

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}
}  // namespace

std::optional<NonText> find_non_text(std::string_view text) {
  Place at{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f;
    const std::size_t length = utf8_length(text.substr(i));
    if (control || length == 0)
      return NonText{at, fmt::format("the byte 0x{:02x} is no text; allowed: YAML in UTF-8", byte)};
    i += length;
    at.column += static_cast<int>(length);  // bytes, as yaml-cpp counts
    if (byte == '\n') at = {at.line + 1, 1};
  }
  return std::nullopt;
}

std::string quote(std::string_view text) {
  if (text.size() <= kQuoted) return fmt::format("\"{}\"", escape(text));
  std::size_t cut = kQuoted;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return fmt::format("\"{}...\"", escape(text.substr(0, cut)));
}

std::string join(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words.begin(), words.end(), ", "));
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t least = kQuoted;
  if (word.size() > kQuoted) return best;
  for (const std::string_view candidate : known) {
    const std::size_t d = distance(word, candidate);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(candidate.size(), word.size()) / 3);
    if (d < least && d <= allowed && d < candidate.size()) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace steelyard::config
