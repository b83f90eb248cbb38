#include "zonestore/sources/rewrite.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/sources/document.hpp"
#include "zonestore/sources/record_values.hpp"
#include "zonestore/sources/rewrite_zone_file.hpp"
#include "zonestore/sources/scalar_text.hpp"
#include "zonestore/sources/text_tree.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

constexpr std::uint32_t default_ttl = 3600;

/// Octets [begin, end) are replaced.
struct Splice {
  std::size_t begin;
  std::size_t end;
  std::string text;
};

bool is_same_value(dns::RRType type, const dns::Rdata& a, const dns::Rdata& b) {
  return dns::canonical(type, a) == dns::canonical(type, b);
}

std::optional<dns::Name> owner_of(const TextNode& key, const dns::Name& apex) {
  if (!key.is_scalar()) return std::nullopt;
  auto name = key.text.empty() ? apex : dns::Name::from_text(key.text, apex);
  if (!name) return std::nullopt;
  return std::move(*name);
}

bool has_references(const TextNode& node) {
  if (node.kind == TextNode::Kind::alias || node.is_anchored) return true;
  if (node.find_key("<<") != nullptr) return true;
  return std::any_of(node.children.begin(), node.children.end(), has_references);
}

std::size_t line_number(std::string_view text, std::size_t at) {
  return static_cast<std::size_t>(
             std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) +
         1;
}

/// One round: at most one change per owner, so that no two touch the same octets.
class Round {
 public:
  Round(const dns::Name& apex, std::string_view text, SourceKind kind)
      : apex_(apex), text_(text), is_json_(kind == SourceKind::json) {
    newline_ = text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
  }

  Result<std::string> carry_out(const std::vector<const Change*>& changes);

 private:
  Result<void> carry_out(const Change& change);
  Result<void> change_owner(const Change& change, std::size_t key);
  Result<void> change_set(const TextNode& set, const dns::RRset& rrset);
  void change_ttl(const TextNode& set, const dns::RRset& rrset);
  Result<void> change_values(const TextNode& set, const dns::RRset& rrset);
  void change_block_list(const TextNode& list, const std::vector<bool>& stays,
                         const std::vector<std::string>& added);
  void change_flow_list(const TextNode& list, const std::vector<bool>& stays,
                        const std::vector<std::string>& added);
  Result<void> change_single(const TextNode& set, const TextNode& key, const TextNode& value,
                             bool stays, const std::vector<std::string>& added);
  void add_set(const TextNode& sets, const dns::RRset& rrset);
  void remove_set(std::size_t key, const TextNode& sets, const TextNode& set);
  void add_owner(const dns::RRset& rrset);
  void remove_owner(std::size_t key);
  void place_new_owners();
  std::size_t place_for(const dns::Name& owner) const;
  std::size_t above_comments(std::size_t at) const;

  std::optional<dns::Rdata> rdata_of(dns::RRType type, const TextNode& node) const;
  std::string set_text(const dns::RRset& rrset, bool is_flow, const std::string& indent) const;
  std::string value_text(const dns::RRset& rrset, const dns::Rdata& rdata,
                         const TextNode* before) const;
  std::string scalar(std::string_view text) const { return scalar_text(text, is_json_); }
  std::string slice(const TextNode& node) const {
    return std::string(text_.substr(node.begin, node.end - node.begin));
  }
  std::size_t column(std::size_t at) const { return at - line_begin(text_, at); }
  std::string indent_of(std::size_t at) const { return std::string(column(at), ' '); }
  std::optional<std::size_t> dash_of(const TextNode& item) const;
  std::string separator_of(const TextNode& list) const;
  void splice(std::size_t begin, std::size_t end, std::string text) {
    splices_.push_back({begin, end, std::move(text)});
  }
  tl::unexpected<Error> cannot(const TextNode& node, const std::string& why) const {
    return fail(Errc::bad_text, "line " + std::to_string(line_number(text_, node.begin)) + ": " +
                                    why + ": make this change by hand");
  }

  const dns::Name& apex_;
  std::string_view text_;
  bool is_json_;
  std::string newline_;
  TextNode root_;
  std::map<dns::Name, std::size_t> owners_;  ///< and where their keys are among root's children
  std::map<dns::Name, const dns::RRset*> new_owners_;
  std::vector<Splice> splices_;
};

Result<std::string> Round::carry_out(const std::vector<const Change*>& changes) {
  std::set<dns::Name> wanted;
  for (const auto* change : changes) wanted.insert(change->owner());
  auto tree = read_text_tree(text_, [&](const std::string& key) {
    TextNode node;
    node.kind = TextNode::Kind::scalar;
    node.text = key;
    const auto owner = owner_of(node, apex_);
    return owner && wanted.contains(*owner);
  });
  if (!tree) return tl::unexpected(tree.error());
  root_ = std::move(*tree);
  if (!root_.is_map()) return fail(Errc::bad_text, "the document is not a map of owners");
  for (std::size_t i = 0; i + 1 < root_.children.size(); i += 2) {
    if (const auto owner = owner_of(root_.children[i], apex_)) owners_.emplace(*owner, i);
  }
  for (const auto* change : changes) {
    if (auto done = carry_out(*change); !done) return tl::unexpected(done.error());
  }
  place_new_owners();
  // What is put in somewhere comes before what goes from there on.
  std::stable_sort(splices_.begin(), splices_.end(), [](const Splice& a, const Splice& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::string text;
  std::size_t at = 0;
  for (const auto& part : splices_) {
    if (part.begin < at) return fail(Errc::bad_text, "two changes meet at one place of the file");
    text.append(text_.substr(at, part.begin - at)).append(part.text);
    at = part.end;
  }
  return text.append(text_.substr(at));
}

Result<void> Round::carry_out(const Change& change) {
  const auto found = owners_.find(change.owner());
  if (found != owners_.end()) return change_owner(change, found->second);
  if (change.after) add_owner(*change.after);
  return {};
}

Result<void> Round::change_owner(const Change& change, std::size_t key) {
  const TextNode& sets = root_.children[key + 1];
  if (has_references(sets)) return cannot(sets, "anchors and aliases of YAML stand here");
  std::vector<const TextNode*> of_type;
  const auto look = [&](const TextNode& set) {
    const auto* type = set.find("type");
    const auto read = type != nullptr ? dns::rrtype_from_text(type->text)
                                      : Result<dns::RRType>(fail(Errc::bad_text, ""));
    if (read && *read == change.type()) of_type.push_back(&set);
  };
  if (sets.is_map()) look(sets);
  if (sets.is_sequence()) std::for_each(sets.children.begin(), sets.children.end(), look);
  if (of_type.size() > 1) {
    return cannot(*of_type[1], "the " + dns::to_text(change.type()) + " of this owner stand in " +
                                   std::to_string(of_type.size()) + " record sets");
  }
  if (of_type.empty()) {
    if (change.after) add_set(sets, *change.after);
    return {};
  }
  if (change.after) return change_set(*of_type.front(), *change.after);
  remove_set(key, sets, *of_type.front());
  return {};
}

// --- Inside of a record set --------------------------------------------------------------------

Result<void> Round::change_set(const TextNode& set, const dns::RRset& rrset) {
  change_ttl(set, rrset);
  return change_values(set, rrset);
}

void Round::change_ttl(const TextNode& set, const dns::RRset& rrset) {
  const auto number = std::to_string(rrset.ttl);
  if (const auto* ttl = set.find("ttl")) {
    const auto before = dns::ttl_from_text(ttl->text);
    if (!before || *before != rrset.ttl) splice(ttl->begin, ttl->end, number);
    return;
  }
  if (rrset.ttl == default_ttl) return;
  const auto* type = set.find("type");
  const std::string key = is_json_ ? "\"ttl\": " : "ttl: ";
  if (set.is_flow) return splice(type->end, type->end, separator_of(set) + key + number);
  const auto end = line_end(text_, type->end);
  splice(end, end, indent_of(set.begin) + key + number + newline_);
}

Result<void> Round::change_values(const TextNode& set, const dns::RRset& rrset) {
  const auto* key = set.find_key("values");
  if (key == nullptr) key = set.find_key("value");
  if (key == nullptr) return cannot(set, "this record set has no value");
  const TextNode& node = *(key + 1);
  std::vector<const TextNode*> items;
  if (node.is_sequence()) {
    for (const auto& item : node.children) items.push_back(&item);
  } else {
    items.push_back(&node);
  }
  std::vector<bool> is_there(rrset.rdata.size(), false);
  std::vector<bool> stays;
  for (const auto* item : items) {
    const auto rdata = rdata_of(rrset.type, *item);
    bool found = false;
    for (std::size_t i = 0; rdata && i < rrset.rdata.size() && !found; ++i) {
      if (is_there[i] || !is_same_value(rrset.type, *rdata, rrset.rdata[i])) continue;
      found = is_there[i] = true;
    }
    stays.push_back(found);
  }
  std::vector<std::string> added;
  for (std::size_t i = 0; i < rrset.rdata.size(); ++i) {
    if (!is_there[i]) added.push_back(value_text(rrset, rrset.rdata[i], items.front()));
  }
  if (!node.is_sequence()) return change_single(set, *key, node, stays.front(), added);
  if (node.is_flow) {
    change_flow_list(node, stays, added);
  } else {
    change_block_list(node, stays, added);
  }
  return {};
}

/// Lines go and come; those that stay keep their comments.
void Round::change_block_list(const TextNode& list, const std::vector<bool>& stays,
                              const std::vector<std::string>& added) {
  const auto dash = indent_of(dash_of(list.children.front()).value_or(list.begin)) + "- ";
  for (std::size_t i = 0; i < list.children.size(); ++i) {
    if (stays[i]) continue;
    const TextNode& item = list.children[i];
    splice(line_begin(text_, item.begin), line_end(text_, item.end), "");
  }
  std::string lines;
  for (const auto& value : added) lines += dash + value + newline_;
  const auto end = line_end(text_, list.children.back().end);
  if (!lines.empty()) splice(end, end, std::move(lines));
}

void Round::change_flow_list(const TextNode& list, const std::vector<bool>& stays,
                             const std::vector<std::string>& added) {
  const auto separator = separator_of(list);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < list.children.size(); ++i) {
    if (stays[i]) parts.push_back(slice(list.children[i]));
  }
  const bool only_adds = parts.size() == list.children.size();
  if (only_adds) {
    std::string more;
    for (const auto& value : added) more += separator + value;
    if (!more.empty()) splice(list.children.back().end, list.children.back().end, more);
    return;
  }
  parts.insert(parts.end(), added.begin(), added.end());
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : separator) + part;
  splice(list.children.front().begin, list.children.back().end, std::move(text));
}

/// "value: a" becomes "value: b", or "values" with a list if there are several now.
Result<void> Round::change_single(const TextNode& set, const TextNode& key, const TextNode& value,
                                  bool stays, const std::vector<std::string>& added) {
  if (added.empty()) return {};
  const bool is_block_map = value.is_map() && !value.is_flow;
  if (is_block_map && stays) {
    return cannot(value, "a value of several lines would have to become one of a list");
  }
  if (!stays && added.size() == 1) {
    const auto begin = is_block_map ? text_.find(':', key.end) + 1 : value.begin;
    splice(begin, value.end, (is_block_map ? " " : "") + added.front());
    return {};
  }
  std::vector<std::string> parts = added;
  if (stays) parts.insert(parts.begin(), slice(value));
  const std::string word = is_json_ ? "\"values\": " : "values:";
  std::string text;
  if (set.is_flow) {
    for (const auto& part : parts) text += (text.empty() ? "" : ", ") + part;
    text = word + (is_json_ ? "[" : " [") + text + "]";
  } else {
    text = word;
    const auto dash = newline_ + indent_of(key.begin) + "  - ";
    for (const auto& part : parts) text += dash + part;
  }
  splice(key.begin, value.end, std::move(text));
  return {};
}

// --- Record sets of an owner -------------------------------------------------------------------

void Round::add_set(const TextNode& sets, const dns::RRset& rrset) {
  if (sets.is_sequence() && sets.is_flow) {
    const auto at = sets.children.back().end;
    return splice(at, at, separator_of(sets) + set_text(rrset, true, ""));
  }
  if (sets.is_sequence()) {
    const TextNode& last = sets.children.back();
    const auto indent = indent_of(dash_of(last).value_or(sets.begin));
    const auto end = line_end(text_, last.end);
    return splice(end, end,
                  indent + "- " + set_text(rrset, last.is_flow, indent + "  ") + newline_);
  }
  if (sets.is_flow) {
    return splice(sets.begin, sets.end, "[" + slice(sets) + ", " + set_text(rrset, true, "") + "]");
  }
  // One record set in lines of its own: it becomes the first item of a list.
  const auto indent = indent_of(sets.begin);
  const auto last_line = line_end(text_, sets.end);
  splice(sets.begin, sets.begin, "- ");
  for (auto at = line_end(text_, sets.begin); at < last_line; at = line_end(text_, at)) {
    const auto line = text_.substr(at, line_end(text_, at) - at);
    if (line.find_first_not_of(" \r\n") != std::string_view::npos) splice(at, at, "  ");
  }
  splice(last_line, last_line, indent + "- " + set_text(rrset, false, indent + "  ") + newline_);
}

void Round::remove_set(std::size_t key, const TextNode& sets, const TextNode& set) {
  if (!sets.is_sequence() || sets.children.size() == 1) return remove_owner(key);
  const auto at = static_cast<std::size_t>(&set - sets.children.data());
  if (!sets.is_flow) {
    return splice(line_begin(text_, set.begin), line_end(text_, set.end), "");
  }
  if (at + 1 < sets.children.size()) {
    splice(set.begin, sets.children[at + 1].begin, "");
  } else {
    splice(sets.children[at - 1].end, set.end, "");
  }
}

// --- Owners ------------------------------------------------------------------------------------

void Round::remove_owner(std::size_t key) {
  const auto& all = root_.children;
  if (!root_.is_flow) {
    return splice(line_begin(text_, all[key].begin), line_end(text_, all[key + 1].end), "");
  }
  if (key + 2 < all.size()) {
    splice(all[key].begin, all[key + 2].begin, "");
  } else if (key > 0) {
    splice(all[key - 1].end, all[key + 1].end, "");
  } else {
    splice(all[key].begin, all[key + 1].end, "");
  }
}

void Round::add_owner(const dns::RRset& rrset) {
  new_owners_[rrset.owner] = &rrset;
}

/// Where the comments right above an entry begin: they belong to it.
std::size_t Round::above_comments(std::size_t at) const {
  std::size_t begin = line_begin(text_, at);
  while (begin > 0) {
    const auto above = line_begin(text_, begin - 1);
    const auto line = text_.substr(above, begin - above);
    const auto first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos || line[first] != '#') break;
    begin = above;
  }
  return begin;
}

/// The child of root before which an owner belongs if owners are in order; behind all otherwise.
std::size_t Round::place_for(const dns::Name& owner) const {
  std::optional<dns::Name> before;
  std::size_t place = root_.children.size();
  for (std::size_t i = 0; i + 1 < root_.children.size(); i += 2) {
    auto name = owner_of(root_.children[i], apex_);
    if (!name || (before && *name < *before)) return root_.children.size();
    if (place == root_.children.size() && owner < *name) place = i;
    before = std::move(name);
  }
  return place;
}

void Round::place_new_owners() {
  const auto& all = root_.children;
  for (const auto& [owner, rrset] : new_owners_) {
    const auto name = owner == apex_ ? std::string() : owner.to_text_in(apex_);
    const std::size_t place = place_for(owner);
    const auto base = all.empty() ? std::string() : indent_of(all.front().begin);
    const auto key = scalar(name) + ":";
    if (root_.is_flow) {
      const auto entry = key + " " + set_text(*rrset, true, "");
      if (all.empty()) {
        splice(root_.begin + 1, root_.begin + 1, entry);
      } else if (place < all.size()) {
        splice(all[place].begin, all[place].begin, entry + separator_of(root_));
      } else {
        splice(all.back().end, all.back().end, separator_of(root_) + entry);
      }
      continue;
    }
    const auto entry =
        base + key + newline_ + base + "  " + set_text(*rrset, false, base + "  ") + newline_;
    const auto at = place < all.size() ? above_comments(all[place].begin)
                    : all.empty()      ? text_.size()
                                       : line_end(text_, all.back().end);
    splice(at, at, entry);
  }
}

// --- Text --------------------------------------------------------------------------------------

/// The column of the dash of an item of a list in lines, if it stands on the item's line.
std::optional<std::size_t> Round::dash_of(const TextNode& item) const {
  const auto line = line_begin(text_, item.begin);
  for (std::size_t at = item.begin; at > line; --at) {
    if (text_[at - 1] == '-') return at - 1;
    if (text_[at - 1] != ' ') break;
  }
  return std::nullopt;
}

/// What stands between the parts of a list or map in brackets: as there is, so will be.
std::string Round::separator_of(const TextNode& list) const {
  const auto step = list.is_map() ? std::size_t{2} : std::size_t{1};
  const TextNode& first = list.children.front();
  if (list.children.size() > step) {
    const TextNode& second = list.children[step];
    const auto end = list.children[step - 1].end;
    const auto between = text_.substr(end, second.begin - end);
    if (between.find('#') == std::string_view::npos) return std::string(between);
  }
  const bool in_lines =
      text_.substr(list.begin, first.begin - list.begin).find('\n') != std::string_view::npos;
  return in_lines ? "," + newline_ + indent_of(first.begin) : ", ";
}

std::optional<dns::Rdata> Round::rdata_of(dns::RRType type, const TextNode& node) const {
  std::deque<DocumentNode> nodes;
  const auto read = [&](const auto& self, const TextNode& from) -> const DocumentNode* {
    DocumentNode& to = nodes.emplace_back();
    to.text = from.text;
    to.kind = from.is_scalar()     ? DocumentNode::Kind::scalar
              : from.is_map()      ? DocumentNode::Kind::map
              : from.is_sequence() ? DocumentNode::Kind::sequence
                                   : DocumentNode::Kind::null;
    for (const auto& child : from.children) to.children.push_back(self(self, child));
    return &to;
  };
  auto rdata = rdata_from_value(type, *read(read, node), apex_);
  if (!rdata) return std::nullopt;
  return std::move(*rdata);
}

/// `before` is a value that stands there: a SOA keeps its serial if it has one, as the file may
/// leave serials to taproot.
std::string Round::value_text(const dns::RRset& rrset, const dns::Rdata& rdata,
                              const TextNode* before) const {
  if (rrset.type != dns::RRType::SOA) {
    return scalar(record_value_text(rrset.type, rdata, apex_));
  }
  const auto soa = dns::Soa::from_rdata(rdata.wire());
  if (!soa) return scalar("");
  std::string serial;
  const auto old = before != nullptr ? rdata_of(rrset.type, *before) : std::nullopt;
  const bool has_serial = before != nullptr && (!before->is_map() || before->find("serial"));
  if (old && has_serial) {
    const auto last = dns::Soa::from_rdata(old->wire());
    if (last) serial = std::to_string(last->serial.value());
  }
  const auto pair = [&](const char* key, const std::string& value) {
    return (is_json_ ? scalar(key) : std::string(key)) + ": " + value;
  };
  return "{" + pair("mname", scalar(soa->mname.to_text())) + ", " +
         pair("rname", scalar(soa->rname.to_text())) + ", " +
         (serial.empty() ? "" : pair("serial", serial) + ", ") +
         pair("refresh", std::to_string(soa->refresh)) + ", " +
         pair("retry", std::to_string(soa->retry)) + ", " +
         pair("expire", std::to_string(soa->expire)) + ", " +
         pair("minimum", std::to_string(soa->minimum)) + "}";
}

/// A whole record set: in one line, or in lines of which the first has its indentation already.
std::string Round::set_text(const dns::RRset& rrset, bool is_flow,
                            const std::string& indent) const {
  std::vector<std::string> values;
  values.reserve(rrset.rdata.size());
  for (const auto& rdata : rrset.rdata) values.push_back(value_text(rrset, rdata, nullptr));
  const bool is_one = values.size() == 1;
  const auto key = [&](const char* word) { return (is_json_ ? scalar(word) : word) + ": "; };
  const auto type = key("type") + scalar(dns::to_text(rrset.type));
  const auto ttl = key("ttl") + std::to_string(rrset.ttl);
  if (is_flow) {
    std::string list;
    for (const auto& value : values) list += (list.empty() ? "" : ", ") + value;
    return "{" + type + ", " + ttl + ", " +
           (is_one ? key("value") + list : key("values") + "[" + list + "]") + "}";
  }
  const auto next = newline_ + indent;
  if (is_one) return type + next + ttl + next + "value: " + values.front();
  auto text = type + next + ttl + next + "values:";
  for (const auto& value : values) text += next + "  - " + value;
  return text;
}

/// The changes in rounds: the first of each owner, then the second of each … What goes comes last,
/// so that an owner that gets something else in its place keeps its own.
std::vector<std::vector<const Change*>> in_rounds(const ChangeSet& changes) {
  std::vector<std::vector<const Change*>> rounds;
  std::map<dns::Name, std::size_t> seen;
  for (const bool goes : {false, true}) {
    for (const auto& change : changes.changes) {
      if (change.after.has_value() == goes) continue;
      const auto round = seen[change.owner()]++;
      if (round == rounds.size()) rounds.emplace_back();
      rounds[round].push_back(&change);
    }
  }
  return rounds;
}

}  // namespace

Result<std::string> rewrite_source(const dns::Name& apex, std::string_view text, SourceKind kind,
                                   const ChangeSet& changes) {
  if (kind == SourceKind::zone_file) return rewrite_zone_file(apex, text, changes);
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  std::string rewritten;
  if (text.starts_with(byte_order_mark)) {
    rewritten = byte_order_mark;
    text.remove_prefix(byte_order_mark.size());
  }
  const auto mark = rewritten.size();
  rewritten += text;
  if (kind == SourceKind::yaml && !text.empty() && text.back() != '\n') rewritten += '\n';
  for (const auto& round : in_rounds(changes)) {
    auto next = Round(apex, std::string_view(rewritten).substr(mark), kind).carry_out(round);
    if (!next) return tl::unexpected(next.error());
    rewritten = rewritten.substr(0, mark) + *next;
  }
  return rewritten;
}

}  // namespace taproot::zonestore
