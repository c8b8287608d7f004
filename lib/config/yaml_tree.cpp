#include "config/yaml_tree.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/log.h"
#include "config/text.h"

namespace steelyard::config {
namespace {
constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxValues = 20'000'000;

struct Stop {  // what the builder refuses
  Place at;
  std::string why;
};

Place place(const YAML::Mark& m) { return m.is_null() ? Place{1, 1} : Place{m.line + 1, m.column + 1}; }

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::deque<Node>& nodes) : text_(text), nodes_(nodes) {}
  const Node* root() const noexcept { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_ != nullptr)
      throw Stop{place(mark), "a second YAML document begins; allowed: one document a file"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(make(Node::Kind::null, place_of_null(mark), anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Node* target = anchor < anchors_.size() ? anchors_[anchor] : nullptr;
    const bool inside = std::ranges::any_of(open_, [&](const Frame& f) { return f.node == target; });
    if (target == nullptr || inside)
      throw Stop{place(mark), "an alias stands inside the value that it names"};
    Node& copy = nodes_.emplace_back(*target);
    copy.at = place(mark);
    attach(copy);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = make(Node::Kind::scalar, place(mark), anchor);
    node.quoted = tag != "?";
    node.text = value;
    attach(node);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node* node;
    const Node* key = nullptr;  // of a map: read, its value is still to come
  };

  // The parser's place is that of the next thing in the file. The key says it better, or what begins the item
  // of a list.
  Place place_of_null(const YAML::Mark& next) const {
    if (open_.empty() || next.is_null()) return place(next);
    if (const Frame& parent = open_.back(); parent.node->kind == Node::Kind::map)
      return parent.key == nullptr ? place(next) : parent.key->at;
    const auto end = static_cast<std::size_t>(next.pos);
    if (end == 0 || end > text_.size()) return place(next);
    const std::size_t at = text_.find_last_of("-,[", end - 1);
    if (at == std::string_view::npos) return place(next);
    const auto lines = std::ranges::count(text_.substr(at, end - at), '\n');
    const std::size_t start = at == 0 ? std::string_view::npos : text_.find_last_of('\n', at - 1);
    return {next.line + 1 - static_cast<int>(lines), static_cast<int>(at - start)};
  }

  Node& make(Node::Kind kind, Place at, YAML::anchor_t anchor) {
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.at = at;
    if (anchor != YAML::NullAnchor) {
      if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
      anchors_[anchor] = &node;
    }
    return node;
  }
  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() == kMaxDepth)
      throw Stop{place(mark), fmt::format("nested too deeply; allowed: {} levels", kMaxDepth)};
    open_.push_back({&make(kind, place(mark), anchor)});
  }
  void close() {
    const Node& node = *open_.back().node;
    open_.pop_back();
    attach(node);
  }
  void attach(const Node& node) {
    if (open_.empty()) {
      root_ = &node;
      return;
    }
    Frame& parent = open_.back();
    parent.node->size += node.size;
    if (parent.node->size > kMaxValues)
      throw Stop{node.at, fmt::format("too many values; allowed: {} with aliases expanded", kMaxValues)};
    if (parent.node->kind == Node::Kind::list) {
      parent.node->items.push_back(&node);
    } else if (parent.key == nullptr) {
      parent.key = &node;
    } else {
      parent.node->entries.emplace_back(parent.key, &node);
      parent.key = nullptr;
    }
  }

  std::string_view text_;
  std::deque<Node>& nodes_;
  std::vector<Frame> open_;
  std::vector<const Node*> anchors_;
  const Node* root_ = nullptr;
};
}  // namespace

Document::Document(std::string_view text, const std::string& file) {
  const auto fail = [&file](Place at, std::string why) { throw Error({{file, at, std::move(why)}}); };
  if (const auto bad = find_non_text(text)) fail(bad->at, bad->why);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark is no part of the text
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder(text, nodes_);
    while (parser.HandleNextDocument(builder)) {
    }
    root_ = builder.root();
  } catch (const Stop& stop) {
    fail(stop.at, stop.why);
  } catch (const YAML::Exception& e) {
    fail(place(e.mark), fmt::format("not valid YAML: {}", escape(e.msg)));
  } catch (const std::exception& e) {
    fail({1, 1}, fmt::format("cannot be read as YAML: {}", escape(e.what())));
  }
  if (root_ == nullptr) {
    nodes_.push_back({.at = {1, 1}});
    root_ = &nodes_.back();
  }
}

}  // namespace steelyard::config
