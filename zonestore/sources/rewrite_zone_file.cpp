#include "zonestore/sources/rewrite_zone_file.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_scanner.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

using Item = SourceRecords::Item;

/// One record or directive of the text, and what becomes of it.
struct Line {
  std::size_t begin = 0;  ///< of its physical lines in the text
  std::size_t end = 0;
  Entry entry;
  const Item* item = nullptr;  ///< null: a directive
  bool is_gone = false;
  std::optional<std::string> replaced;  ///< instead of its text
  std::string behind;                   ///< lines that are new

  std::optional<std::pair<std::size_t, std::size_t>> rdata_extent(std::string_view text) const;
};

/// Where the rdata stand, if nothing but rdata stands there: no parenthesis, no comment.
std::optional<std::pair<std::size_t, std::size_t>> Line::rdata_extent(std::string_view text) const {
  std::size_t type = entry.blank_owner ? 0 : 1;
  while (type < entry.tokens.size() &&
         dns::rrtype_from_text(entry.tokens[type].text) != item->type) {
    ++type;
  }
  if (type + 1 >= entry.tokens.size()) return std::nullopt;
  const Token& first = entry.tokens[type + 1];
  const Token& last = entry.tokens.back();
  const auto at = [text](const char* place) {
    return static_cast<std::size_t>(place - text.data());
  };
  const auto from = at(first.text.data()) - (first.quoted ? 1 : 0);
  const auto to = at(last.text.data() + last.text.size()) + (last.quoted ? 1 : 0);
  const auto between = text.substr(from, to - from);
  if (std::all_of(entry.tokens.begin(), entry.tokens.end(),
                  [](const Token& token) { return !token.quoted; }) &&
      between.find_first_of("()\n") != std::string_view::npos) {
    return std::nullopt;
  }
  if (first.line != last.line) return std::nullopt;
  return std::pair(from, to);
}

bool is_same_value(dns::RRType type, const dns::Rdata& a, const dns::Rdata& b) {
  return dns::canonical(type, a) == dns::canonical(type, b);
}

class ZoneText {
 public:
  ZoneText(std::string_view text, const SourceRecords& records);

  Result<void> carry_out(const Change& change);
  std::string finish();

 private:
  using Key = std::pair<dns::Name, dns::RRType>;

  void replace(Line& line, const dns::RRset& rrset, const dns::Rdata& rdata);
  void add(const dns::RRset& rrset, const dns::Rdata& rdata, Line* behind);
  std::string new_line(const dns::RRset& rrset, const dns::Rdata& rdata) const;

  std::string_view text_;
  const char* newline_;
  std::vector<Line> lines_;
  std::map<Key, std::vector<std::size_t>> places_;
  std::map<Key, std::size_t> generated_;  // the line of the $GENERATE
  std::map<dns::Name, std::size_t> last_of_owner_;
  std::string at_end_;
};

ZoneText::ZoneText(std::string_view text, const SourceRecords& records)
    : text_(text), newline_(text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n") {
  ZoneScanner scanner(text, SourceLimits{}.line_octets);
  Line line;
  auto item = records.items.begin();
  while (scanner.next(line.entry) == ZoneScanner::Outcome::entry) {
    const Token& first = line.entry.tokens.front();
    const auto at = static_cast<std::size_t>(first.text.data() - text.data());
    line.begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
    line.end = scanner.position();
    const bool is_directive = first.text.starts_with('$');
    line.item = nullptr;
    for (; item != records.items.end() && item->place.line == first.line; ++item) {
      if (is_directive) {
        generated_.emplace(Key(item->owner, item->type), first.line);
        continue;
      }
      line.item = &*item;
      places_[Key(item->owner, item->type)].push_back(lines_.size());
      last_of_owner_[item->owner] = lines_.size();
    }
    lines_.push_back(line);
  }
}

Result<void> ZoneText::carry_out(const Change& change) {
  const Key key(change.owner(), change.type());
  if (const auto found = generated_.find(key); found != generated_.end()) {
    return fail(Errc::bad_text, "line " + std::to_string(found->second) + ": " +
                                    key.first.to_text() + " " + dns::to_text(key.second) +
                                    " comes from a $GENERATE: make the change by hand");
  }
  const auto& places = places_[key];
  const bool keeps_ttl =
      change.after && std::all_of(places.begin(), places.end(), [&](std::size_t at) {
        return lines_[at].item->ttl == change.after->ttl;
      });
  std::vector<dns::Rdata> missing;
  if (change.after) missing = change.after->rdata;
  std::vector<std::size_t> gone;
  for (const auto at : places) {
    const auto is_this = [&](const dns::Rdata& rdata) {
      return is_same_value(key.second, rdata, lines_[at].item->rdata);
    };
    const bool stays =
        keeps_ttl && std::any_of(change.after->rdata.begin(), change.after->rdata.end(), is_this);
    if (stays) {
      std::erase_if(missing, is_this);
    } else {
      gone.push_back(at);
    }
  }
  std::size_t used = 0;
  for (const auto at : gone) {
    Line& line = lines_[at];
    line.is_gone = true;
    if (used == missing.size()) continue;
    const auto& rdata = missing[used++];
    keeps_ttl ? replace(line, *change.after, rdata) : add(*change.after, rdata, &line);
  }
  const auto last = last_of_owner_.find(key.first);
  Line* behind = !places.empty()                ? &lines_[places.back()]
                 : last != last_of_owner_.end() ? &lines_[last->second]
                                                : nullptr;
  for (; used < missing.size(); ++used) add(*change.after, missing[used], behind);
  return {};
}

void ZoneText::replace(Line& line, const dns::RRset& rrset, const dns::Rdata& rdata) {
  const auto extent = line.rdata_extent(text_);
  if (!extent) return add(rrset, rdata, &line);
  line.is_gone = false;
  line.replaced = std::string(text_.substr(line.begin, extent->first - line.begin)) +
                  dns::rdata_to_text(rrset.type, rdata.wire()) +
                  std::string(text_.substr(extent->second, line.end - extent->second));
}

void ZoneText::add(const dns::RRset& rrset, const dns::Rdata& rdata, Line* behind) {
  (behind != nullptr ? behind->behind : at_end_) += new_line(rrset, rdata);
}

std::string ZoneText::new_line(const dns::RRset& rrset, const dns::Rdata& rdata) const {
  return rrset.owner.to_text() + "\t" + std::to_string(rrset.ttl) + "\tIN\t" +
         dns::to_text(rrset.type) + "\t" + dns::rdata_to_text(rrset.type, rdata.wire()) + newline_;
}

std::string ZoneText::finish() {
  std::string text;
  std::size_t at = 0;
  std::optional<dns::Name> owner;  // that of a record without one
  const auto end_line = [&] {
    if (!text.empty() && text.back() != '\n') text += newline_;
  };
  for (const auto& line : lines_) {
    text += text_.substr(at, line.begin - at);
    at = line.end;
    if (!line.is_gone) {
      if (line.item != nullptr && line.entry.blank_owner && owner != line.item->owner) {
        text += line.item->owner.to_text();  // the blanks follow
      }
      text += line.replaced ? *line.replaced
                            : std::string(text_.substr(line.begin, line.end - line.begin));
      if (line.item != nullptr) owner = line.item->owner;
    }
    if (line.behind.empty()) continue;
    end_line();
    text += line.behind;
    owner = line.item->owner;
  }
  text += text_.substr(at);
  if (!at_end_.empty()) end_line();
  return text + at_end_;
}

}  // namespace

Result<std::string> rewrite_zone_file(const dns::Name& apex, std::string_view text,
                                      const ChangeSet& changes) {
  const auto records = read_zone_text(apex, text, "", SourceLimits{});
  const auto wrong =
      std::find_if(records.findings.begin(), records.findings.end(),
                   [](const Finding& finding) { return finding.severity == Severity::error; });
  if (wrong != records.findings.end()) {
    return fail(Errc::bad_text, "line " + std::to_string(wrong->line) + ": " + wrong->message);
  }
  ZoneText lines(text, records);
  for (const auto& change : changes.changes) {
    if (auto done = lines.carry_out(change); !done) return tl::unexpected<Error>(done.error());
  }
  return lines.finish();
}

}  // namespace taproot::zonestore
