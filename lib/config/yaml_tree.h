// A YAML document as a tree in which everything, also each key, knows its place; yaml-cpp's own nodes keep no
// trace of a duplicate key or of where an alias stands. Safe on hostile text: bounded depth and size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace steelyard::config {

struct Node {
  enum class Kind : uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;  // a scalar in quotes is a text, never a number
  Place at;
  std::string text;                                          // of a scalar
  std::vector<const Node*> items;                            // of a list
  std::vector<std::pair<const Node*, const Node*>> entries;  // of a map: key and value in file order
  std::size_t size = 1;                                      // values in it, aliases counted in full
};

// Owns the nodes. An alias is a copy of what it names, with the alias's place.
class Document {
 public:
  // Throws Error with the one syntax error that stopped the parser. `file` names it in messages.
  Document(std::string_view text, const std::string& file);
  const Node& root() const noexcept { return *root_; }  // null for an empty document

 private:
  std::deque<Node> nodes_;
  const Node* root_ = nullptr;
};

}  // namespace steelyard::config
