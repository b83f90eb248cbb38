#pragma once

#include "dns/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// One node of a YAML or JSON text, and which octets of the text it takes: for changing a text
/// without touching what is not meant.
struct TextNode {
  enum class Kind { null, scalar, sequence, map, alias };
  Kind kind = Kind::null;
  bool is_flow = false;            ///< of a sequence or map: in brackets
  bool is_anchored = false;        ///< something else may point here
  std::size_t begin = 0;           ///< offset of its first octet
  std::size_t end = 0;             ///< offset behind its last one
  std::string text;                ///< of a scalar
  std::vector<TextNode> children;  ///< of a map: a key, its value, the next key …

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_map() const { return kind == Kind::map; }
  bool is_sequence() const { return kind == Kind::sequence; }
  const TextNode* find_key(std::string_view key) const;
  const TextNode* find(std::string_view key) const;
};

/// The outermost map of a text. Of entries that are not wanted only the key's and the value's own
/// places are kept, so that a large text needs little memory. The text must not have a byte order
/// mark, and must have been read as a source without errors. Fails with Errc::bad_text where
/// places cannot be told.
Result<TextNode> read_text_tree(std::string_view text,
                                const std::function<bool(const std::string& key)>& is_wanted);

/// Where the line of an offset begins, and the offset behind its newline (or the text's end).
std::size_t line_begin(std::string_view text, std::size_t at);
std::size_t line_end(std::string_view text, std::size_t at);

}  // namespace taproot::zonestore
