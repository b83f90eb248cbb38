#pragma once

#include "zonestore/finding.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::server {

/// Where something stands in the configuration: from 1; 0 where there is none.
struct ConfigPlace {
  std::size_t line = 0;
  std::size_t column = 0;
};

struct ConfigEntry;

/// The configuration's text as a tree, each part with its place. Nothing is interpreted: "yes",
/// "10" and "\"10\"" are all text.
struct ConfigNode {
  enum class Kind { nothing, text, list, map };
  Kind kind = Kind::nothing;
  ConfigPlace place;
  std::string text;
  std::vector<ConfigNode> items;
  std::vector<ConfigEntry> entries;  ///< in the order of the file, equal keys too
};

struct ConfigEntry {
  std::string key;
  ConfigPlace place;  ///< of the key
  ConfigNode value;
};

/// "a list", "a map", "text" or "nothing": for messages.
std::string_view kind_text(ConfigNode::Kind kind);

/// Why a text is not a tree.
struct ConfigSyntaxError {
  ConfigPlace place;
  std::string message;
  std::string cure;
};

/// Bounds on what a configuration may be.
constexpr std::size_t max_config_octets = std::size_t{64} << 20;
constexpr std::size_t max_config_nodes = 5'000'000;  ///< after aliases are followed

/// Reads YAML (and so JSON). Anchors and aliases are followed within the bounds.
std::pair<ConfigNode, std::optional<ConfigSyntaxError>> parse_config_tree(std::string_view text);

}  // namespace taproot::server
