#include "zonestore/sources/comments.hpp"

#include "zonestore/sources/document.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace taproot::zonestore {

namespace {

void append(std::vector<std::string>& to, std::vector<std::string> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

/// "serial", "refresh (1 hour)" and the like behind the numbers of a SOA say what the keys of its
/// map say.
bool is_soa_label(std::string_view comment) {
  static constexpr std::array<std::string_view, 14> labels = {
      "serial",       "serial number",
      "refresh",      "retry",
      "expire",       "expiry",
      "minimum",      "minimum ttl",
      "negative ttl", "negative cache ttl",
      "nxdomain ttl", "negative caching ttl",
      "ttl",          "min ttl"};
  auto words = comment.substr(0, comment.find('('));
  while (words.ends_with(' ')) words.remove_suffix(1);
  return std::any_of(labels.begin(), labels.end(), [&](std::string_view label) {
    return std::equal(words.begin(), words.end(), label.begin(), label.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  });
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    text += (text.empty() ? "" : "; ") + part;
  }
  return text;
}

/// One file of a zone file's source into the whole.
void add_zone_file(ZoneFileComments found, std::uint32_t file, const SourceRecords& records,
                   const std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t>& by_line,
                   SourceComments& comments) {
  std::vector<std::string> waiting;
  append(file == 0 ? comments.header : waiting, std::move(found.header));
  for (auto& entry : found.entries) {
    append(waiting, std::move(entry.above));
    const auto item = by_line.find({file, entry.line});
    if (item == by_line.end()) {  // a record with a mistake, or the end
      append(waiting, std::move(entry.within));
      continue;
    }
    if (records.items[item->second].type == dns::RRType::SOA)
      std::erase_if(entry.within, is_soa_label);
    auto& record = comments.records[item->second];
    append(record.above, std::exchange(waiting, {}));
    record.behind = joined(entry.within);
  }
  append(comments.footer, std::move(waiting));
}

SourceComments zone_file_source(const SourceRecords& records) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> by_line;
  for (std::size_t i = 0; i < records.items.size(); ++i) {
    const auto& place = records.items[i].place;
    by_line.try_emplace({place.file, place.line}, i);
  }
  SourceComments comments;
  for (std::size_t file = 0; file < records.texts.size(); ++file) {
    if (!records.texts[file]) continue;
    add_zone_file(zone_file_comments(*records.texts[file]), static_cast<std::uint32_t>(file),
                  records, by_line, comments);
  }
  return comments;
}

/// Something in a YAML document that a comment can belong to, and a line of it.
struct Anchor {
  std::uint32_t line = 0;
  dns::Name owner;
  std::optional<dns::RRType> type;  ///< nothing: the owner as a whole
  std::optional<std::size_t> item;  ///< nothing: the record set as a whole
};

/// Goes over a document in its order and notes what stands in which line.
class Anchors {
 public:
  Anchors(const dns::Name& apex, const SourceRecords& records) : apex_(apex) {
    for (std::size_t i = records.items.size(); i-- > 0;) {
      const auto& place = records.items[i].place;
      items_[{place.line, place.column}] = i;  // of several at one place the first stays
    }
  }

  std::vector<Anchor> find(std::string_view text) {
    DocumentBuilder builder([this](const DocumentNode& key, const DocumentNode& value) {
      entry(key, value);
      return true;
    });
    read_yaml(text, builder);
    return std::move(found_);
  }

 private:
  void entry(const DocumentNode& key, const DocumentNode& value) {
    const auto owner = key.text.empty() ? apex_ : dns::Name::from_text(key.text, apex_);
    if (!owner) return;
    add({key.line, *owner, {}, {}});
    if (!value.is_sequence()) return set(*owner, value);
    for (const auto* one : value.children) set(*owner, *one);
  }

  void set(const dns::Name& owner, const DocumentNode& node) {
    const auto* written = node.find("type");
    const auto type = written != nullptr ? dns::rrtype_from_text(written->text)
                                         : Result<dns::RRType>(fail(Errc::bad_text, ""));
    if (!type) return;
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      const auto& key = *node.children[i];
      const auto& value = *node.children[i + 1];
      add({key.line, owner, *type, {}});
      if (key.text != "value" && key.text != "values") continue;
      if (!value.is_sequence()) {
        record(owner, *type, value);
        continue;
      }
      for (const auto* one : value.children) record(owner, *type, *one);
    }
  }

  void record(const dns::Name& owner, dns::RRType type, const DocumentNode& value) {
    const auto item = items_.find({value.line, value.column});
    if (item == items_.end()) return;
    add({value.line, owner, type, item->second});
    for (const auto* part : value.children) add({part->line, owner, type, item->second});
  }

  /// What an alias stands for is further up; its comments are there.
  void add(Anchor anchor) {
    if (!found_.empty() && anchor.line < found_.back().line) return;
    found_.push_back(std::move(anchor));
  }

  const dns::Name& apex_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> items_;
  std::vector<Anchor> found_;
};

std::vector<std::string>& above(const Anchor& anchor, SourceComments& comments) {
  if (!anchor.type) return comments.owners[anchor.owner];
  if (!anchor.item) return comments.sets[{anchor.owner, *anchor.type}];
  return comments.records[*anchor.item].above;
}

/// A comment alone on its line belongs to what comes next, any other to what it stands behind.
void place_yaml_comment(YamlComment comment, const std::vector<Anchor>& anchors,
                        SourceComments& comments) {
  const auto next =
      std::upper_bound(anchors.begin(), anchors.end(), comment.line,
                       [](std::uint32_t line, const Anchor& anchor) { return line < anchor.line; });
  if (comment.alone || next == anchors.begin()) {
    auto& to = next == anchors.end() ? comments.footer : above(*next, comments);
    to.push_back(std::move(comment.text));
    return;
  }
  const Anchor& here = *(next - 1);
  if (!here.item) return above(here, comments).push_back(std::move(comment.text));
  auto& behind = comments.records[*here.item].behind;
  behind += (behind.empty() ? "" : "; ") + comment.text;
}

SourceComments yaml_source(const dns::Name& apex, const SourceRecords& records) {
  SourceComments comments;
  if (records.texts.empty() || !records.texts.front()) return comments;
  const std::string& text = *records.texts.front();
  auto found = yaml_comments(text);
  if (found.empty()) return comments;
  const auto anchors = Anchors(apex, records).find(text);
  // The last comment at the top with an empty line behind it ends the header.
  std::size_t header = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!anchors.empty() && found[i].line >= anchors.front().line) break;
    if (found[i].before_blank) header = i + 1;
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i < header)
      comments.header.push_back(std::move(found[i].text));
    else
      place_yaml_comment(std::move(found[i]), anchors, comments);
  }
  return comments;
}

}  // namespace

SourceComments comments_of(const dns::Name& apex, const SourceRecords& records, SourceKind kind) {
  switch (kind) {
    case SourceKind::zone_file:
      return zone_file_source(records);
    case SourceKind::yaml:
      return yaml_source(apex, records);
    case SourceKind::json:
      break;
  }
  return {};
}

}  // namespace taproot::zonestore
