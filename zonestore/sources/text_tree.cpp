#include "zonestore/sources/text_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <sstream>
#include <utility>

namespace taproot::zonestore {

namespace {

using Kind = TextNode::Kind;

constexpr auto nowhere = std::string_view::npos;

/// Behind the closing quote of a string that begins at `at`.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == '\'';
      if (!doubled) return at + 1;
      ++at;
    }
  }
  return text.size();
}

bool begins_comment(std::string_view text, std::size_t at) {
  return text[at] == '#' &&
         (at == 0 || text[at - 1] == ' ' || text[at - 1] == '\t' || text[at - 1] == '\n');
}

/// Behind the bracket that closes the one at `at`.
std::size_t brackets_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool at_start = true;  // of a scalar: a quote inside of one is a plain character
  while (at < text.size()) {
    const char c = text[at];
    if (begins_comment(text, at)) {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if ((c == '"' || c == '\'') && at_start) {
      at = quoted_end(text, at);
      at_start = false;
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    ++at;
    if (depth == 0) return at;
    if (c == '[' || c == '{' || c == ',' || c == ':') {
      at_start = true;
    } else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
      at_start = false;
    }
  }
  return at;
}

/// Behind the last octet of an unquoted scalar, which stands on one line.
std::size_t plain_end(std::string_view text, std::size_t at, bool in_flow) {
  std::size_t end = at;
  for (; end < text.size() && text[end] != '\n'; ++end) {
    if (end > at && begins_comment(text, end)) break;
    if (in_flow && (text[end] == ',' || text[end] == ']' || text[end] == '}')) break;
    const bool colon = text[end] == ':' && (end + 1 == text.size() || text[end + 1] == ' ' ||
                                            text[end + 1] == '\n' || text[end + 1] == '\r');
    if (colon) break;
  }
  while (end > at && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r')) {
    --end;
  }
  return end;
}

std::size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

/// Behind the last line of a block scalar ("|" or ">") that begins at `at`.
std::size_t block_scalar_end(std::string_view text, std::size_t at) {
  const auto first = text.substr(line_begin(text, at));
  const std::size_t outer = indentation(first);
  std::size_t end = line_end(text, at);
  for (std::size_t next = end; next < text.size(); next = line_end(text, next)) {
    const auto line = text.substr(next, line_end(text, next) - next);
    const bool blank = line.find_first_not_of(" \t\r\n") == nowhere;
    if (!blank && indentation(line) <= outer) break;
    if (!blank) end = next + line.size();
  }
  while (end > at && (text[end - 1] == '\n' || text[end - 1] == '\r')) --end;
  return end;
}

std::size_t scalar_end(std::string_view text, std::size_t at, bool in_flow) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"' || text[at] == '\'') return quoted_end(text, at);
  if (!in_flow && (text[at] == '|' || text[at] == '>')) return block_scalar_end(text, at);
  return plain_end(text, at, in_flow);
}

/// Builds the tree from yaml-cpp's events.
class Handler : public YAML::EventHandler {
 public:
  Handler(std::string_view text, const std::function<bool(const std::string&)>& is_wanted)
      : text_(text), is_wanted_(is_wanted) {
    for (std::size_t at = 0; at < text.size(); at = line_end(text, at)) lines_.push_back(at);
    if (lines_.empty()) lines_.push_back(0);
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(Kind::null, mark, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    auto node = leaf(Kind::alias, mark, 0);
    node.end = plain_end(text_, node.begin, in_flow());
    add(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = leaf(Kind::scalar, mark, anchor);
    node.end = scalar_end(text_, node.begin, in_flow());
    node.text = value;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Kind::sequence, mark, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Kind::map, mark, anchor, style);
  }
  void OnMapEnd() override { close(); }

  TextNode root;

 private:
  TextNode leaf(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) const {
    TextNode node;
    node.kind = kind;
    node.is_anchored = anchor != 0;
    const auto line = std::min(static_cast<std::size_t>(std::max(mark.line, 0)), lines_.size() - 1);
    const auto column = static_cast<std::size_t>(std::max(mark.column, 0));
    node.begin = std::min(lines_[line] + column, text_.size());
    node.end = node.begin;
    return node;
  }
  bool in_flow() const { return !open_.empty() && open_.back().is_flow; }

  void open(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    auto node = leaf(kind, mark, anchor);
    node.is_flow = style == YAML::EmitterStyle::Flow;
    open_.push_back(std::move(node));
  }

  void close() {
    TextNode node = std::move(open_.back());
    open_.pop_back();
    if (node.is_flow) {
      node.end = brackets_end(text_, node.begin);
    } else if (!node.children.empty()) {
      node.end = node.children.back().end;
    }
    add(std::move(node));
  }

  void add(TextNode node) {
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    auto& siblings = open_.back().children;
    if (open_.size() == 1 && siblings.size() % 2 == 1 && !is_wanted_(siblings.back().text)) {
      node.children.clear();
      node.children.shrink_to_fit();
    }
    if (node.kind == Kind::null && !siblings.empty()) node.end = node.begin = siblings.back().end;
    siblings.push_back(std::move(node));
  }

  std::string_view text_;
  const std::function<bool(const std::string&)>& is_wanted_;
  std::vector<std::size_t> lines_;
  std::vector<TextNode> open_;
};

}  // namespace

const TextNode* TextNode::find_key(std::string_view key) const {
  for (std::size_t i = 0; is_map() && i + 1 < children.size(); i += 2) {
    if (children[i].is_scalar() && children[i].text == key) return &children[i];
  }
  return nullptr;
}

const TextNode* TextNode::find(std::string_view key) const {
  const auto* found = find_key(key);
  return found == nullptr ? nullptr : found + 1;
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  if (at == 0) return 0;
  const auto newline = text.rfind('\n', at - 1);
  return newline == nowhere ? 0 : newline + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  const auto newline = text.find('\n', at);
  return newline == nowhere ? text.size() : newline + 1;
}

Result<TextNode> read_text_tree(std::string_view text,
                                const std::function<bool(const std::string& key)>& is_wanted) {
  Handler handler(text, is_wanted);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(handler)) return TextNode();
  } catch (const YAML::Exception& exception) {
    return fail(Errc::bad_text,
                "line " + std::to_string(exception.mark.line + 1) + ": " + exception.msg);
  }
  return std::move(handler.root);
}

}  // namespace taproot::zonestore
