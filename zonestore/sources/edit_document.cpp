#include "zonestore/sources/edit_document.hpp"

#include "dns/presentation.hpp"
#include "zonestore/finding_list.hpp"
#include "zonestore/sources/document.hpp"
#include "zonestore/sources/record_values.hpp"
#include "zonestore/sources/suggestion.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace taproot::zonestore {

namespace {

using Node = DocumentNode;
using Op = EditChange::Op;

constexpr std::array<std::string_view, 4> ops = {"put", "add", "remove", "delete"};
constexpr std::array<std::string_view, 6> change_keys = {"op",  "owner", "type",
                                                         "ttl", "value", "values"};

class ChangeReader {
 public:
  explicit ChangeReader(const dns::Name& apex) : apex_(apex), findings_(SourceLimits{}.findings) {}

  bool read_entry(const Node& key, const Node& value);
  void report(const DocumentTrouble& trouble) {
    findings_.add({Severity::error, trouble.rule, "", trouble.line, trouble.column, trouble.message,
                   trouble.cure, ""});
  }
  EditDocument finish() { return {std::move(changes_), findings_.take()}; }

 private:
  void read_change(const Node& node);
  bool has_known_keys(const Node& node);
  std::optional<Op> read_op(const Node& node);
  std::optional<dns::Name> read_owner(const Node& node);
  bool read_type(const Node& node, EditChange& change);
  bool read_ttl(const Node& node, EditChange& change);
  bool read_values(const Node& node, EditChange& change);
  bool read_value(const Node& node, EditChange& change);
  bool error(const char* rule, const Node& node, std::string message, std::string cure);

  const dns::Name& apex_;
  FindingList findings_;
  std::vector<EditChange> changes_;
  std::size_t index_ = 0;
  bool is_told_ = false;  // that there are too many
};

/// Says what is wrong with the change that is being read; false, so that it can be returned.
bool ChangeReader::error(const char* rule, const Node& node, std::string message,
                         std::string cure) {
  findings_.add({Severity::error, rule, "", node.line, node.column,
                 "changes[" + std::to_string(index_) + "]: " + std::move(message), std::move(cure),
                 ""});
  return false;
}

bool ChangeReader::read_entry(const Node& key, const Node& value) {
  if (key.text != "changes") return true;
  if (!value.is_sequence()) {
    findings_.add({Severity::error, "wrong-shape", "", value.line, value.column,
                   "changes is not a list", "write [{\"op\": \"put\", …}]", ""});
    return true;
  }
  for (const auto* change : value.children) {
    if (index_ >= max_edit_changes && !std::exchange(is_told_, true)) {
      error("edit-too-large", *change,
            "more than " + std::to_string(max_edit_changes) + " changes in one transaction",
            "change the source, or make several transactions of it");
    }
    if (index_ >= max_edit_changes) break;
    read_change(*change);
    ++index_;
  }
  return true;
}

void ChangeReader::read_change(const Node& node) {
  if (!node.is_map()) {
    error("wrong-shape", node, "a change is a map",
          "write {\"op\": \"put\", \"owner\": \"www\", \"type\": \"A\", \"values\": "
          "[\"192.0.2.1\"]}");
    return;
  }
  if (!has_known_keys(node)) return;
  const auto op = read_op(node);
  auto owner = read_owner(node);
  if (!op || !owner) return;
  EditChange change;
  change.op = *op;
  change.owner = std::move(*owner);
  if (!read_type(node, change) || !read_ttl(node, change) || !read_values(node, change)) return;
  changes_.push_back(std::move(change));
}

bool ChangeReader::has_known_keys(const Node& node) {
  bool good = true;
  for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
    const Node& key = *node.children[i];
    bool known = false;
    for (const auto& name : change_keys) known = known || key.text == name;
    if (!known) {
      good = error("unknown-key", key, "changes have no key " + in_quotes(key.text),
                   suggestion(key.text, change_keys));
    }
  }
  return good;
}

std::optional<Op> ChangeReader::read_op(const Node& node) {
  const Node* op = node.find("op");
  const std::string written = op != nullptr && op->is_scalar() ? op->text : "";
  if (written == "put") return Op::put;
  if (written == "add") return Op::add;
  if (written == "remove") return Op::remove;
  if (written == "delete") return Op::drop;
  if (written.empty()) {
    error("edit-op", op != nullptr ? *op : node, "it is not said what to do",
          "write \"op\": put, add, remove or delete");
  } else {
    error("edit-op", *op, "there is no op " + in_quotes(written), suggestion(written, ops));
  }
  return std::nullopt;
}

std::optional<dns::Name> ChangeReader::read_owner(const Node& node) {
  const Node* owner = node.find("owner");
  if (owner == nullptr || !owner->is_scalar()) {
    error("bad-name", owner != nullptr ? *owner : node, "the owner is missing",
          "write \"owner\": \"www\", and \"\" for the apex");
    return std::nullopt;
  }
  auto name = owner->text.empty() ? apex_ : dns::Name::from_text(owner->text, apex_);
  if (name) return std::move(*name);
  error("bad-name", *owner, name.error().detail,
        "write labels of 1 to 63 letters, digits and hyphens, with dots between them");
  return std::nullopt;
}

bool ChangeReader::read_type(const Node& node, EditChange& change) {
  const Node* type = node.find("type");
  if (type == nullptr && change.op == Op::drop) return true;
  if (type == nullptr || !type->is_scalar()) {
    return error("missing-type", type != nullptr ? *type : node, "the change has no type",
                 "write \"type\": \"A\", or what it is");
  }
  const auto read = dns::rrtype_from_text(type->text);
  if (!read) {
    return error("unknown-type", *type, "there is no type " + in_quotes(type->text),
                 "write a mnemonic as A or MX, or TYPE65280");
  }
  if (dns::is_meta(*read)) {
    return error("meta-type", *type, dns::to_text(*read) + " records cannot stand in a zone",
                 "take the change out");
  }
  change.type = *read;
  return true;
}

bool ChangeReader::read_ttl(const Node& node, EditChange& change) {
  const Node* ttl = node.find("ttl");
  if (ttl == nullptr || ttl->kind == Node::Kind::null) return true;
  if (change.op == Op::remove || change.op == Op::drop) {
    return error("edit-ttl", *ttl, "what goes has no TTL", "take \"ttl\" out");
  }
  const auto read = ttl->is_scalar() ? dns::ttl_from_text(ttl->text)
                                     : Result<std::uint32_t>(fail(Errc::bad_text, "not a number"));
  if (!read) {
    return error("bad-ttl", *ttl, read.error().detail,
                 "write seconds, 3600, or units, 1h30m; at most 2147483647");
  }
  change.ttl = *read;
  return true;
}

bool ChangeReader::read_values(const Node& node, EditChange& change) {
  const Node* one = node.find("value");
  const Node* many = node.find("values");
  if (one != nullptr && many != nullptr) {
    return error("duplicate-key", *many, "the change has value and values", "keep one of them");
  }
  const Node* values = one != nullptr ? one : many;
  if (change.op == Op::drop) {
    if (values == nullptr) return true;
    return error("edit-values", *values, "delete takes the whole RRset",
                 "use remove for single values, or leave the values out");
  }
  if (values == nullptr || (values->is_sequence() && values->children.empty())) {
    return error("missing-value", values != nullptr ? *values : node, "there is no value",
                 "write \"values\": […], or use delete");
  }
  if (!values->is_sequence()) return read_value(*values, change);
  bool good = true;
  for (const auto* value : values->children) good = read_value(*value, change) && good;
  return good;
}

bool ChangeReader::read_value(const Node& node, EditChange& change) {
  auto rdata = rdata_from_value(*change.type, node, apex_);
  if (rdata) {
    change.values.push_back(std::move(*rdata));
    return true;
  }
  auto& problem = rdata.error();
  return error(problem.rule, *problem.place, std::move(problem.message), std::move(problem.cure));
}

}  // namespace

EditDocument read_edit_document(const dns::Name& apex, std::string_view json) {
  ChangeReader reader(apex);
  DocumentBuilder builder([&](const DocumentNode& key, const DocumentNode& value) {
    return reader.read_entry(key, value);
  });
  read_json(json, builder);
  if (builder.has_trouble()) reader.report(builder.trouble());
  return reader.finish();
}

}  // namespace taproot::zonestore
