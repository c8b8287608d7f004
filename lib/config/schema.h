// Which keys the file knows, and a map of the file read by them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"
#include "config/values.h"
#include "config/yaml_tree.h"

namespace steelyard::config {

struct Key {
  std::string_view name;
  bool required = false;
};

struct Section {
  std::string_view path;  // as docs/configuration.md heads it: "services[].servers[]"
  std::string_view what;  // for messages: "a server"
  std::span<const Key> keys;
};

namespace schema {
extern const Section kFile, kDirector, kKernelPath, kPort, kVlan, kNeighbour, kRoute, kService, kTimeouts,
    kPersistence, kHealth, kHttp, kTcp, kServer;
}  // namespace schema

// All of the above; the documentation is tested against it.
std::span<const Section* const> sections() noexcept;

// One map of the file. Reports unknown, duplicate and missing keys, and a node that is no map, when built;
// gives out the values of the others.
class Map {
 public:
  Map(Value value, const Section& section, Report& report);

  const Node* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Of the key's value; of the map if there is none.
  Place place(std::string_view key) const;

  // Reads the value of `key` into `into` if it is there and right, and says whether it was.
  template <class T, class Reader>
  bool read(std::string_view key, T& into, const Reader& reader) const {
    const Node* node = find(key);
    if (node == nullptr) return false;
    auto value = reader(Value{*node, key}, report_);
    if (!value) return false;
    into = static_cast<T>(std::move(*value));
    return true;
  }

  Report& report() const noexcept { return report_; }
  bool is_map() const noexcept { return is_map_; }

 private:
  void take(const Node& key, const Node& value);
  void report_unknown(const Node& key) const;

  Place at_;
  bool is_map_;
  const Section& section_;
  Report& report_;
  std::vector<const Node*> keys_, values_;  // by index in section_.keys; null: absent
};

}  // namespace steelyard::config
