#include "zonestore/sources/document.hpp"

#include <algorithm>
#include <utility>

namespace taproot::zonestore {

const DocumentNode* DocumentNode::find(std::string_view key) const {
  for (std::size_t i = 0; is_map() && i + 1 < children.size(); i += 2) {
    if (children[i]->is_scalar() && children[i]->text == key) return children[i + 1];
  }
  return nullptr;
}

bool DocumentBuilder::scalar(Place place, std::string text, std::size_t anchor) {
  DocumentNode* node = make(DocumentNode::Kind::scalar, place);
  node->text = std::move(text);
  return add(*node, anchor);
}

bool DocumentBuilder::null(Place place, std::size_t anchor) {
  return add(*make(DocumentNode::Kind::null, place), anchor);
}

bool DocumentBuilder::begin(DocumentNode::Kind kind, Place place, std::size_t anchor) {
  if (!in_top_ && !done_ && kind == DocumentNode::Kind::map) {
    in_top_ = true;
    return true;
  }
  if (!in_top_) return add(*make(kind, place), 0);  // not a map: refused there
  if (open_.size() + 1 >= max_depth) {
    return fail("too-deep", place,
                "more than " + std::to_string(max_depth) + " lists and maps in each other",
                "write owner, records, values: four levels are enough");
  }
  open_.push_back({make(kind, place), anchor});
  return true;
}

bool DocumentBuilder::end() {
  if (open_.empty()) {
    in_top_ = false;
    done_ = true;
    return true;
  }
  const auto [node, anchor] = open_.back();
  open_.pop_back();
  return add(*node, anchor);
}

bool DocumentBuilder::alias(Place place, std::size_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    return fail("wrong-shape", place, "this alias stands inside of what it stands for",
                "write the data themselves");
  }
  return add(*found->second, 0);
}

DocumentNode* DocumentBuilder::make(DocumentNode::Kind kind, Place place) {
  nodes_.push_back({kind, place.line, place.column, {}, {}});
  return &nodes_.back();
}

/// A complete node takes its place in what encloses it.
bool DocumentBuilder::add(const DocumentNode& node, std::size_t anchor) {
  if (anchor != 0) {
    anchors_[anchor] = &node;
    anchored_ = true;
  }
  if (!in_top_) {
    // An empty document is an empty zone, which is told elsewhere.
    if (node.kind == DocumentNode::Kind::null && !done_) return done_ = true;
    return fail("wrong-shape", {node.line, node.column}, "the document is not a map of owner names",
                "write owner names with their records below: \"www:\" and \"  type: A\"");
  }
  if (open_.empty()) return add_to_top(node);
  DocumentNode& parent = *open_.back().node;
  const bool is_key = parent.is_map() && parent.children.size() % 2 == 0;
  if (is_key && (node.is_map() || node.is_sequence())) {
    return fail("wrong-shape", {node.line, node.column}, "a list or map stands for a key",
                "write a word as the key");
  }
  parent.children.push_back(&node);
  return true;
}

bool DocumentBuilder::add_to_top(const DocumentNode& node) {
  if (key_ == nullptr) {
    if (node.is_map() || node.is_sequence()) {
      return fail("wrong-shape", {node.line, node.column}, "a list or map stands for an owner",
                  "write an owner name");
    }
    key_ = &node;
    return true;
  }
  const bool more = receiver_(*std::exchange(key_, nullptr), node);
  if (std::exchange(anchored_, false)) kept_ = nodes_.size();
  nodes_.resize(kept_);
  return more;
}

bool DocumentBuilder::fail(const char* rule, Place place, std::string message, std::string cure) {
  if (!has_trouble()) {
    trouble_ = {rule, place.line, place.column, std::move(message), std::move(cure)};
  }
  return false;
}

DocumentBuilder::Place place_in(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? offset + 1 : offset - start;
  return {static_cast<std::uint32_t>(lines + 1), static_cast<std::uint32_t>(column)};
}

}  // namespace taproot::zonestore
