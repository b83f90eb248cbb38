#include "zonestore/sources/records.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/finding_list.hpp"
#include "zonestore/sources/document.hpp"
#include "zonestore/sources/record_values.hpp"
#include "zonestore/sources/suggestion.hpp"
#include "zonestore/sources/zone_scanner.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace taproot::zonestore {

namespace {

using Node = DocumentNode;

constexpr std::uint32_t default_ttl = 3600;

constexpr std::array<std::string_view, 5> record_keys = {"type", "ttl", "value", "values",
                                                         "octodns"};
constexpr std::array<std::string_view, 23> usual_types = {
    "A",     "AAAA", "CAA",   "CDS",   "CNAME", "DNAME", "DNSKEY", "DS",
    "HTTPS", "LOC",  "MX",    "NAPTR", "NS",    "PTR",   "SMIMEA", "SOA",
    "SPF",   "SRV",  "SSHFP", "SVCB",  "TLSA",  "TXT",   "URI"};

/// What one record set has, merge keys resolved.
struct RecordSet {
  const Node* type = nullptr;
  const Node* ttl = nullptr;
  const Node* values = nullptr;
  std::size_t merged = 0;  ///< maps taken in by "<<"
};

/// Merge keys of merged maps grow with the power of their depth; nobody needs more than a few.
constexpr std::size_t most_merged = 100;

/// YAML forbids what many editors do.
bool has_tab_indentation(std::string_view text, std::uint32_t line) {
  std::size_t start = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    start = text.find('\n', start);
    if (start == std::string_view::npos) return false;
    ++start;
  }
  const auto indentation = text.substr(start, text.find_first_not_of(" \t", start) - start);
  return indentation.find('\t') != std::string_view::npos;
}

/// Makes records of the entries of a document.
class RecordReader {
 public:
  RecordReader(const dns::Name& apex, std::string_view text, const std::string& shown,
               const SourceLimits& limits)
      : apex_(apex), text_(text), shown_(shown), limits_(limits), findings_(limits.findings) {
    records_.files.push_back(shown);
  }

  SourceRecords read(void (*parse)(std::string_view, DocumentBuilder&));

 private:
  bool text_is_clean();
  bool read_entry(const Node& key, const Node& value);
  std::optional<dns::Name> read_owner(const Node& key);
  void warn_of_repeated_zone(const Node& key);
  void read_set(const dns::Name& owner, const Node& node);
  void collect(const Node& map, RecordSet& set, bool merged);
  void collect_key(const Node& key, const Node& value, RecordSet& set, bool merged);
  void merge(const Node& value, RecordSet& set);
  void merge_map(const Node& map, RecordSet& set);
  void note_octodns(const Node& options);
  std::optional<dns::RRType> read_type(const Node& set, const Node* node);
  std::optional<std::uint32_t> read_ttl(const Node* node);
  void read_value(const dns::Name& owner, dns::RRType type, std::uint32_t ttl, const Node& value);

  /// Counts a node that is looked at, followed aliases too; false when it was one too many.
  bool visit(const Node& node);
  void report(Severity severity, const char* rule, const Node& node, std::string message,
              std::string cure);
  void error(const char* rule, const Node& node, std::string message, std::string cure) {
    report(Severity::error, rule, node, std::move(message), std::move(cure));
  }
  void report_trouble(const DocumentTrouble& trouble);

  const dns::Name& apex_;
  std::string_view text_;
  const std::string& shown_;
  const SourceLimits& limits_;
  SourceRecords records_;
  FindingList findings_;
  std::unordered_map<dns::Name, std::uint32_t, dns::NameHash> owners_;  // and their lines
  std::size_t visited_ = 0;
  bool stopped_ = false;
  bool has_soa_ = false;
};

SourceRecords RecordReader::read(void (*parse)(std::string_view, DocumentBuilder&)) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text_.substr(0, byte_order_mark.size()) == byte_order_mark) {
    text_.remove_prefix(byte_order_mark.size());
  }
  if (text_is_clean()) {
    DocumentBuilder builder(
        [this](const Node& key, const Node& value) { return read_entry(key, value); });
    builder.tell(limits_.progress);
    parse(text_, builder);
    if (builder.has_trouble()) report_trouble(builder.trouble());
  }
  if (!has_soa_ && !records_.items.empty()) add_usual_soa(apex_, records_);
  records_.findings = findings_.take();
  return std::move(records_);
}

/// The YAML library would put other characters in the place of bad ones without a word.
bool RecordReader::text_is_clean() {
  const auto bad = std::min(first_not_utf8(text_), text_.find('\0'));
  if (bad == std::string_view::npos) return true;
  const auto place = place_in(text_, bad);
  if (text_[bad] == '\0') {
    report_trouble({"nul-octet", place.line, place.column, "an octet 0 in the middle of the text",
                    "write the file as plain text in UTF-8; it may be damaged or UTF-16"});
  } else {
    report_trouble({"not-utf8", place.line, place.column, "octets that are not UTF-8",
                    "save the file as UTF-8"});
  }
  return false;
}

bool RecordReader::read_entry(const Node& key, const Node& value) {
  const auto owner = read_owner(key);
  if (!owner) return !stopped_;
  if (!value.is_sequence()) {
    read_set(*owner, value);
    return !stopped_;
  }
  if (value.children.empty()) {
    error("missing-value", value, in_quotes(key.text) + " has an empty list of records",
          "write its records or take the owner out");
  }
  for (const Node* set : value.children) {
    if (stopped_) break;
    read_set(*owner, *set);
  }
  return !stopped_;
}

std::optional<dns::Name> RecordReader::read_owner(const Node& key) {
  if (!visit(key)) return std::nullopt;
  if (!key.is_scalar()) {
    error("bad-name", key, "the owner is missing",
          "write '' for the apex, and a name like null in quotes");
    return std::nullopt;
  }
  auto owner = key.text.empty() ? apex_ : dns::Name::from_text(key.text, apex_);
  if (!owner) {
    error("bad-name", key, owner.error().detail,
          "write labels of 1 to 63 letters, digits and hyphens, with dots between them");
    return std::nullopt;
  }
  warn_of_repeated_zone(key);
  const auto [first, is_new] = owners_.emplace(*owner, key.line);
  if (!is_new) {
    error("duplicate-key", key,
          "the owner " + in_quotes(key.text) + " stands in line " + std::to_string(first->second) +
              " already",
          "put all its records into one list");
    return std::nullopt;
  }
  return std::move(*owner);
}

/// "www.example.com" in example.com is most likely not meant to be www.example.com.example.com.
void RecordReader::warn_of_repeated_zone(const Node& key) {
  if (key.text.empty() || key.text.back() == '.' || apex_.is_root()) return;
  const auto absolute = dns::Name::from_text(key.text);
  if (!absolute || !absolute->is_subdomain_of(apex_)) return;
  report(Severity::warning, "owner-repeats-zone", key,
         "owners are relative to the zone, so this is " + absolute->to_text() + apex_.to_text(),
         "write " + in_quotes(*absolute == apex_ ? "" : absolute->to_text_in(apex_)) +
             ", or a dot at the end");
}

void RecordReader::read_set(const dns::Name& owner, const Node& node) {
  if (!visit(node)) return;
  if (!node.is_map()) {
    return error("wrong-shape", node, "here a map with type, ttl and values is wanted",
                 "write \"type: A\" and \"value: 192.0.2.1\" below the owner");
  }
  RecordSet set;
  collect(node, set, false);
  const auto type = read_type(node, set.type);
  const auto ttl = read_ttl(set.ttl);
  if (!type || !ttl || stopped_) return;
  if (set.values == nullptr || set.values->kind == Node::Kind::null ||
      (set.values->is_sequence() && set.values->children.empty())) {
    return error("missing-value", set.values != nullptr ? *set.values : node,
                 "this " + dns::to_text(*type) + " has no value", "write \"value: ...\"");
  }
  if (!set.values->is_sequence()) return read_value(owner, *type, *ttl, *set.values);
  for (const Node* value : set.values->children) read_value(owner, *type, *ttl, *value);
}

/// Keys of `map` into `set`; what is merged in does not replace what is there.
void RecordReader::collect(const Node& map, RecordSet& set, bool merged) {
  for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
    if (!visit(*map.children[i])) return;
    if (map.children[i]->text != "<<") {
      collect_key(*map.children[i], *map.children[i + 1], set, merged);
    }
  }
  if (const Node* other = map.find("<<")) merge(*other, set);
}

void RecordReader::collect_key(const Node& key, const Node& value, RecordSet& set, bool merged) {
  if (key.text == "octodns") return note_octodns(value);
  if (key.text == "geo" || key.text == "dynamic") {
    return report(Severity::warning, "unsupported-key", key,
                  in_quotes(key.text) + " is ignored: everybody gets the plain values",
                  "take it out, or keep such names at a provider that can do it");
  }
  const bool is_values = key.text == "value" || key.text == "values";
  const Node** field = key.text == "type"  ? &set.type
                       : key.text == "ttl" ? &set.ttl
                       : is_values         ? &set.values
                                           : nullptr;
  if (field == nullptr) {
    return error("unknown-key", key, "records have no key " + in_quotes(key.text),
                 suggestion(key.text, record_keys));
  }
  if (*field == nullptr) {
    *field = &value;
  } else if (!merged) {
    error("duplicate-key", key,
          is_values ? "the record has value or values twice"
                    : in_quotes(key.text) + " stands here twice",
          "keep one of them");
  }
}

/// YAML's merge key: a map, or a list of maps of which the first has precedence.
void RecordReader::merge(const Node& value, RecordSet& set) {
  if (!visit(value)) return;
  if (value.is_map()) return merge_map(value, set);
  if (!value.is_sequence()) {
    return error("wrong-shape", value, "\"<<\" wants a map", "write an alias of a map: \"<<: *a\"");
  }
  for (const Node* map : value.children) {
    if (!map->is_map()) return error("wrong-shape", *map, "\"<<\" wants maps", "write an alias");
    if (visit(*map)) merge_map(*map, set);
  }
}

void RecordReader::merge_map(const Node& map, RecordSet& set) {
  if (++set.merged <= most_merged) return collect(map, set, true);
  if (set.merged > most_merged + 1) return;  // told already
  error("too-many-nodes", map,
        "more than " + std::to_string(most_merged) + " maps are merged into one record set",
        "merge fewer, or write the data themselves");
}

/// octoDNS's own options say what octoDNS is to do. Only what would change the zone is told.
void RecordReader::note_octodns(const Node& options) {
  for (std::size_t i = 0; options.is_map() && i + 1 < options.children.size(); i += 2) {
    const Node& key = *options.children[i];
    if (!visit(key) || key.text == "lenient") continue;
    report(
        Severity::note, "octodns-option", key,
        "octodns: " + in_quotes(key.text) + " is not done here; the record goes to all providers",
        "choose providers for the zone in taproot.yaml");
  }
}

std::optional<dns::RRType> RecordReader::read_type(const Node& set, const Node* node) {
  if (node == nullptr || !node->is_scalar()) {
    error("missing-type", node != nullptr ? *node : set, "the record has no type",
          "write \"type: A\", or what it is");
    return std::nullopt;
  }
  const auto type = dns::rrtype_from_text(node->text);
  if (type && !dns::is_meta(*type)) return *type;
  if (type) {
    error("meta-type", *node, dns::to_text(*type) + " records cannot stand in a zone",
          "take the record out");
  } else if (node->text == "ALIAS" || node->text == "URLFWD" ||
             node->text.find('/') != std::string::npos) {
    error("unknown-type", *node, in_quotes(node->text) + " is a provider's own, not a DNS type",
          "write A and AAAA records in its place");
  } else {
    error("unknown-type", *node, "there is no type " + in_quotes(node->text),
          suggestion(node->text, usual_types));
  }
  return std::nullopt;
}

std::optional<std::uint32_t> RecordReader::read_ttl(const Node* node) {
  if (node == nullptr) return default_ttl;
  const auto ttl = node->is_scalar()
                       ? dns::ttl_from_text(node->text)
                       : Result<std::uint32_t>(fail(Errc::bad_text, "the TTL is not a number"));
  if (ttl) return *ttl;
  error("bad-ttl", *node, ttl.error().detail,
        "write seconds, 3600, or units, 1h30m; at most 2147483647");
  return std::nullopt;
}

void RecordReader::read_value(const dns::Name& owner, dns::RRType type, std::uint32_t ttl,
                              const Node& value) {
  if (!visit(value)) return;
  visited_ += value.children.size();
  auto rdata = rdata_from_value(type, value, apex_);
  if (type == dns::RRType::SOA && owner == apex_) {
    has_soa_ = true;
    records_.serial_is_ours = value.is_map() && value.find("serial") == nullptr;
  }
  if (!rdata) {
    auto& problem = rdata.error();
    return error(problem.rule, *problem.place, std::move(problem.message), std::move(problem.cure));
  }
  records_.items.push_back(
      {owner, type, ttl, std::move(*rdata), Place{0, value.line, value.column}});
}

bool RecordReader::visit(const Node& node) {
  if (stopped_) return false;
  if (++visited_ <= limits_.yaml_nodes) return true;
  stopped_ = true;
  error("too-many-nodes", node,
        "more than " + std::to_string(limits_.yaml_nodes) + " values, aliases followed",
        "split the zone, or write fewer aliases of lists");
  return false;
}

void RecordReader::report(Severity severity, const char* rule, const Node& node,
                          std::string message, std::string cure) {
  findings_.add(
      {severity, rule, shown_, node.line, node.column, std::move(message), std::move(cure), ""});
}

void RecordReader::report_trouble(const DocumentTrouble& trouble) {
  const bool tab =
      std::string_view(trouble.rule) == "yaml-syntax" && has_tab_indentation(text_, trouble.line);
  findings_.add({Severity::error, trouble.rule, shown_, trouble.line, trouble.column,
                 trouble.message, tab ? "indent with blanks, not with a tab" : trouble.cure, ""});
}

}  // namespace

void add_usual_soa(const dns::Name& apex, SourceRecords& records) {
  const auto ns = std::find_if(records.items.begin(), records.items.end(), [&](const auto& item) {
    return item.type == dns::RRType::NS && item.owner == apex;
  });
  dns::Soa soa;
  soa.mname = ns == records.items.end() ? apex : dns::target_of(ns->type, ns->rdata.wire());
  soa.rname = apex.child("hostmaster").value_or(apex);
  soa.serial = dns::Serial(1);
  soa.refresh = 3600;
  soa.retry = 600;
  soa.expire = 2'419'200;
  soa.minimum = 300;
  records.items.push_back({apex, dns::RRType::SOA, default_ttl, soa.to_rdata(), Place{}});
  records.serial_is_ours = true;
}

SourceRecords read_yaml_records(const dns::Name& apex, std::string_view text,
                                const std::string& shown, const SourceLimits& limits) {
  return RecordReader(apex, text, shown, limits).read(read_yaml);
}

SourceRecords read_json_records(const dns::Name& apex, std::string_view text,
                                const std::string& shown, const SourceLimits& limits) {
  return RecordReader(apex, text, shown, limits).read(read_json);
}

}  // namespace taproot::zonestore
