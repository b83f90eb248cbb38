#pragma once

#include "zonestore/sources/zone_source.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// One node of a YAML or JSON document and where it stands. Never part of a circle.
struct DocumentNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string text;  ///< of a scalar
  /// Of a map: a key, its value, the next key …; keys are scalars or null.
  std::vector<const DocumentNode*> children;

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_map() const { return kind == Kind::map; }
  bool is_sequence() const { return kind == Kind::sequence; }
  /// The value of a key of this map, or null.
  const DocumentNode* find(std::string_view key) const;
};

/// What keeps a document from being read on.
struct DocumentTrouble {
  const char* rule = "";
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
  std::string cure;
};

/// Puts nodes together from what a YAML or JSON parser comes across, and hands over each entry
/// of the outermost map as soon as it is complete: memory is that of one entry, and of those with
/// anchors. All functions return false when reading has to stop; trouble() says why, unless it
/// was the receiver who wanted it.
class DocumentBuilder {
 public:
  /// Nodes are good until it returns; those with anchors, and below them, longer.
  using Receiver = std::function<bool(const DocumentNode& key, const DocumentNode& value)>;
  static constexpr std::size_t max_depth = 100;

  explicit DocumentBuilder(Receiver receiver) : receiver_(std::move(receiver)) {}

  struct Place {
    std::uint32_t line;
    std::uint32_t column;
  };
  /// `anchor` is 0 for none.
  bool scalar(Place place, std::string text, std::size_t anchor = 0);
  bool null(Place place, std::size_t anchor = 0);
  bool begin(DocumentNode::Kind kind, Place place, std::size_t anchor = 0);
  bool end();
  bool alias(Place place, std::size_t anchor);

  /// Who is told how far the text is read; null: nobody.
  void tell(ReadProgress* progress) { progress_ = progress; }
  void on_octets(std::uint64_t octets) {
    if (progress_ != nullptr) progress_->octets.store(octets, std::memory_order_relaxed);
  }

  const DocumentTrouble& trouble() const { return trouble_; }
  bool has_trouble() const { return *trouble_.rule != '\0'; }
  bool fail(const char* rule, Place place, std::string message, std::string cure);

 private:
  struct Open {
    DocumentNode* node;
    std::size_t anchor;
  };

  DocumentNode* make(DocumentNode::Kind kind, Place place);
  bool add(const DocumentNode& node, std::size_t anchor);
  bool add_to_top(const DocumentNode& node);

  Receiver receiver_;
  std::deque<DocumentNode> nodes_;
  std::size_t kept_ = 0;    // nodes at the front that stay
  bool anchored_ = false;   // in the entry that is being read
  std::vector<Open> open_;  // below the outermost map
  bool in_top_ = false;
  bool done_ = false;
  const DocumentNode* key_ = nullptr;  // of the outermost map
  std::map<std::size_t, const DocumentNode*> anchors_;
  DocumentTrouble trouble_;
  ReadProgress* progress_ = nullptr;
};

/// Runs a text through a builder; the builder's trouble tells if it could not be read.
/// Exceptions of the libraries end here.
void read_yaml(std::string_view text, DocumentBuilder& builder);
void read_json(std::string_view text, DocumentBuilder& builder);

/// Line and column (from 1) of an offset in a text.
DocumentBuilder::Place place_in(std::string_view text, std::size_t offset);

}  // namespace taproot::zonestore
