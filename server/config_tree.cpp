#include "server/config_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>

namespace taproot::server {

namespace {

ConfigPlace place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

/// Thrown out of the parser, caught in parse_config_tree().
struct Stop {
  ConfigSyntaxError error;
};

std::size_t count_nodes(const ConfigNode& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += 1 + count_nodes(entry.value);
  return count;
}

/// Builds the tree from the parser's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  ConfigNode root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(ConfigNode{ConfigNode::Kind::nothing, place_of(mark), {}, {}, {}}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    add(ConfigNode{ConfigNode::Kind::text, place_of(mark), value, {}, {}}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Stop{{place_of(mark), "an alias stands inside of what it names", "write it out"}};
    }
    count(count_nodes(found->second), mark);
    ConfigNode copy = found->second;
    copy.place = place_of(mark);
    add(std::move(copy), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(ConfigNode::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(ConfigNode::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or map that is not at its end yet.
  struct Open {
    ConfigNode node;
    YAML::anchor_t anchor;
    bool key_is_next = true;
  };

  void open(ConfigNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    open_.push_back({ConfigNode{kind, place_of(mark), {}, {}, {}}, anchor, true});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void count(std::size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > max_config_nodes) {
      throw Stop{{place_of(mark), "the configuration is too large", "use directory: for zones"}};
    }
  }

  void add(ConfigNode node, YAML::anchor_t anchor) {
    count(1, YAML::Mark::null_mark());
    if (anchor != 0) {
      count(count_nodes(node), YAML::Mark::null_mark());
      anchors_[anchor] = node;
    }
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Open& top = open_.back();
    if (top.node.kind == ConfigNode::Kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (top.key_is_next) {
      add_key(top, node);
    } else {
      top.node.entries.back().value = std::move(node);
      top.key_is_next = true;
    }
  }

  static void add_key(Open& map, const ConfigNode& key) {
    if (key.kind != ConfigNode::Kind::text) {
      throw Stop{{key.place, "a key must be a word, not " + std::string(kind_text(key.kind)),
                  "write \"key: value\"; text that begins with [ or { needs quotes"}};
    }
    map.node.entries.push_back({key.text, key.place, {}});
    map.node.entries.back().value.place = key.place;
    map.key_is_next = false;
  }

  std::vector<Open> open_;
  std::map<YAML::anchor_t, ConfigNode> anchors_;
  std::size_t nodes_ = 0;
};

ConfigSyntaxError too_large() {
  return {{}, "the configuration is larger than 64 MiB", "use directory: for zones"};
}

}  // namespace

std::string_view kind_text(ConfigNode::Kind kind) {
  switch (kind) {
    case ConfigNode::Kind::nothing:
      return "nothing";
    case ConfigNode::Kind::text:
      return "text";
    case ConfigNode::Kind::list:
      return "a list";
    case ConfigNode::Kind::map:
      return "a map";
  }
  return "nothing";
}

std::pair<ConfigNode, std::optional<ConfigSyntaxError>> parse_config_tree(std::string_view text) {
  if (text.size() > max_config_octets) return {{}, too_large()};
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      return {{},
              ConfigSyntaxError{second.root.place, "there is a second document in the file",
                                "remove the line with --- and what follows"}};
    }
  } catch (const Stop& stop) {
    return {{}, stop.error};
  } catch (const YAML::Exception& error) {
    return {{},
            ConfigSyntaxError{place_of(error.mark), "not valid YAML: " + error.msg,
                              "look at quotes, brackets and indentation here or above"}};
  } catch (const std::exception& error) {
    return {{},
            ConfigSyntaxError{{},
                              std::string("cannot be read: ") + error.what(),
                              "look at the file's encoding: it must be UTF-8"}};
  }
  return {std::move(builder.root), std::nullopt};
}

}  // namespace taproot::server
