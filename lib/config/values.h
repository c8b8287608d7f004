// Readers of single values. A reader takes a Value and a Report and returns the value, or reports what is
// wrong and what is allowed and returns nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"
#include "config/yaml_tree.h"

namespace steelyard::config {

struct Value {
  const Node& node;
  std::string_view name;  // the key it belongs to, for messages
};

// For messages: "\"abc\"", "a list", "nothing".
std::string describe(const Node& node);

// "<name> is <what stands there>; allowed: <allowed>"
void wrong(Value value, std::string_view allowed, Report& report);

struct Integer {
  uint64_t least, most;
  std::optional<uint64_t> operator()(Value value, Report& report) const;
};

// With k, M or G.
struct Count {
  uint64_t least, most;
  std::optional<uint64_t> operator()(Value value, Report& report) const;
};

// Packets a second; outer nothing: wrong, inner nothing: unlimited.
struct Rate {
  std::optional<std::optional<uint32_t>> operator()(Value value, Report& report) const;
};

struct Duration {
  std::chrono::milliseconds least, most;
  std::optional<std::chrono::milliseconds> operator()(Value value, Report& report) const;
};

struct Boolean {
  std::optional<bool> operator()(Value value, Report& report) const;
};

// Printable text without control characters, of 1 to `most` bytes.
struct Text {
  std::size_t most;
  std::optional<std::string> operator()(Value value, Report& report) const;
};

// Letters, digits, '.', '_' and '-', beginning with a letter, a digit or '_'.
struct Name {
  std::size_t most;
  std::optional<std::string> operator()(Value value, Report& report) const;
};

// The index of one of `words`.
struct Choice {
  std::span<const std::string_view> words;
  std::optional<std::size_t> operator()(Value value, Report& report) const;
};

// A host's address: neither 0/8, loopback, multicast nor reserved.
struct Address {
  std::optional<Ipv4> operator()(Value value, Report& report) const;
};

// A host's address with the length of its prefix: "192.0.2.2/24".
struct AddressInPrefix {
  std::optional<InterfaceAddress> operator()(Value value, Report& report) const;
};

// "10.0.0.0/8" without host bits, or "default".
struct Network {
  std::optional<Prefix> operator()(Value value, Report& report) const;
};

struct UnicastMac {
  std::optional<Mac> operator()(Value value, Report& report) const;
};

// Calls read(Value) for each item of a list; the items are named "an entry of <the list's name>".
template <class Read>
void for_each_item(Value list, std::size_t most, Report& report, const Read& read) {
  if (list.node.kind != Node::Kind::list) return wrong(list, "a list", report);
  if (list.node.items.size() > most)
    return report.error(list.node.at, "{} has {} entries; allowed: at most {}", list.name,
                        list.node.items.size(), most);
  const std::string name = fmt::format("an entry of {}", list.name);
  for (const Node* item : list.node.items) read(Value{*item, name});
}

}  // namespace steelyard::config
