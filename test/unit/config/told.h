// What load_text() tells about a text, as an operator reads it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace steelyard::config {

struct Told {
  bool loaded = false;
  Config config;
  std::vector<std::string> errors, warnings;  // without the file's name: "3:7: ..."
};

inline Told tell(std::string_view text) {
  Told told;
  std::vector<Message> warnings;
  const auto lines = [](const std::vector<Message>& messages) {
    std::vector<std::string> out;
    for (const Message& m : messages) out.push_back(m.format().substr(2));  // "f:"
    return out;
  };
  try {
    told.config = load_text(text, "f", warnings);
    told.loaded = true;
  } catch (const Error& e) {
    told.errors = lines(e.messages());
  }
  told.warnings = lines(warnings);
  return told;
}

}  // namespace steelyard::config
