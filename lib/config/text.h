// Small helpers on text for messages and for what comes before YAML.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"

namespace steelyard::config {

struct NonText {
  Place at;
  std::string why;
};
// The first byte that YAML in UTF-8 cannot contain: a control character, or broken UTF-8 (RFC 3629).
std::optional<NonText> find_non_text(std::string_view text);

// In double quotes, control characters escaped, cut to one readable line.
std::string quote(std::string_view text);

// "a, b, c"
std::string join(std::span<const std::string_view> words);

// The known word that was most likely meant: at most a third of its letters differ; empty: none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace steelyard::config
