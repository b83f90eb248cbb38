#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"
#include "zonestore/sources/suggestion.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace taproot::zonestore {

namespace {

using Item = SourceRecords::Item;

/// RFC 7489 section 6.3, and np, psd and t of RFC 9091 and what follows it.
constexpr std::array<std::string_view, 14> known_tags = {
    "v", "p", "sp", "np", "rua", "ruf", "adkim", "aspf", "fo", "pct", "rf", "ri", "psd", "t"};

constexpr std::array<std::string_view, 3> policies = {"none", "quarantine", "reject"};
constexpr std::array<std::string_view, 2> alignments = {"r", "s"};
constexpr std::array<std::string_view, 4> failures = {"0", "1", "d", "s"};

bool is_version(std::string_view text) {
  const auto tags = tags_of(text).tags;
  return !tags.empty() && tags[0].name == "v" && tags[0].value == "DMARC1";
}

bool is_number(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() && value <= most;
}

template <std::size_t N>
bool is_one_of(std::string_view value, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return same_ignoring_case(word, value); });
}

/// RFC 7489 section 6.2: a URI, perhaps with "!" and a size behind it.
bool is_report_uri(std::string_view uri) {
  uri = without_blanks(uri.substr(0, uri.find('!')));
  constexpr std::string_view mailto = "mailto:";
  if (uri.size() < mailto.size() || !same_ignoring_case(uri.substr(0, mailto.size()), mailto))
    return false;
  const auto address = uri.substr(mailto.size());
  const auto at = address.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < address.size() &&
         address.find_first_of(" \t,;<>", 0) == std::string_view::npos &&
         address.find('@', at + 1) == std::string_view::npos;
}

/// What to write in place of a tag's value, or "" if it is good.
std::string cure_of(const Tag& tag) {
  const auto& [name, value] = tag;
  if (name == "p" || name == "sp" || name == "np") {
    if (is_one_of(value, policies)) return "";
    const auto near = nearest(value, policies);
    return "write " + std::string(name) + "=" + (near.empty() ? "none" : std::string(near)) +
           "; there are none, quarantine and reject";
  }
  if (name == "adkim" || name == "aspf") {
    return is_one_of(value, alignments)
               ? ""
               : "write " + std::string(name) + "=r (relaxed) or s (strict)";
  }
  if (name == "pct") return is_number(value, 100) ? "" : "write a number from 0 to 100";
  if (name == "ri") return is_number(value, 0xffff'ffffu) ? "" : "write seconds, as in ri=86400";
  if (name == "rf")
    return same_ignoring_case(value, "afrf") ? "" : "write rf=afrf, or leave it out";
  if (name == "fo") {
    const auto parts = split(value, ':');
    const bool good = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
      return is_one_of(without_blanks(part), failures);
    });
    return good ? "" : "write fo=0, 1, d or s, or several with colons: fo=1:d:s";
  }
  if (name == "rua" || name == "ruf") {
    const auto uris = split(value, ',');
    return std::all_of(uris.begin(), uris.end(), is_report_uri)
               ? ""
               : "write " + std::string(name) + "=mailto:dmarc@example.net, several with commas";
  }
  return "";
}

/// The checks of one DMARC record.
class DmarcCheck {
 public:
  DmarcCheck(CheckedZone& zone, const Item& item, const std::string& text)
      : zone_(zone), item_(item), list_(tags_of(text)) {}

  void run() {
    if (list_.bad) {
      warn(in_quotes(*list_.bad) + " is no tag with a value",
           "write tag=value, and \";\" between them", *list_.bad);
    }
    for (const auto& tag : list_.tags) check_tag(tag);
    if (list_.find("p") == nullptr) {
      warn("it has no p= and so no policy", "write p=none, p=quarantine or p=reject", "v=DMARC1");
    }
  }

 private:
  void warn(const std::string& says, std::string cure, std::string_view focus) {
    zone_.warning("dmarc-syntax", item_, title() + ": " + says, std::move(cure),
                  {std::string(focus), {}});
  }
  std::string title() const { return "the DMARC record at " + item_.owner.to_text(); }

  void check_tag(const Tag& tag) {
    const auto& tags = list_.tags;
    const auto of_name = std::count_if(tags.begin(), tags.end(),
                                       [&](const Tag& one) { return one.name == tag.name; });
    const std::string written = std::string(tag.name) + "=" + std::string(tag.value);
    if (of_name > 1) {
      if (list_.find(tag.name) != &tag) return;  // told at the first
      return warn(std::string(tag.name) + "= stands in it " + std::to_string(of_name) + " times",
                  "keep one of them", std::string(tag.name) + "=");
    }
    if (std::find(known_tags.begin(), known_tags.end(), tag.name) == known_tags.end()) {
      return zone_.note("dmarc-unknown-tag", item_,
                        title() + ": " + in_quotes(tag.name) + " is not a tag of DMARC",
                        suggestion(tag.name, known_tags), {written, {}});
    }
    auto cure = cure_of(tag);
    if (cure.empty()) return;
    warn(in_quotes(written) + " is not what " + std::string(tag.name) + " takes", std::move(cure),
         written);
  }

  CheckedZone& zone_;
  const Item& item_;
  TagList list_;
};

}  // namespace

void check_dmarc(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  const auto labels = first_labels(index.owner(set.owner).wire, 1);
  if (labels.empty() || labels[0] != "_dmarc") return;
  const Item* first = nullptr;
  for (const auto at : set.items) {
    const auto& item = index.item(at);
    const auto text = joined_text(item.rdata.wire());
    if (!is_version(text)) continue;
    if (first != nullptr) {
      zone.warning(
          "several-dmarc", item,
          item.owner.to_text() + " has more than one DMARC record, and so counts as having none",
          "keep one of them (RFC 7489 section 6.6.3)", {{}, {{*first, "the first is here"}}});
      continue;
    }
    first = &item;
    DmarcCheck(zone, item, text).run();
  }
  if (first != nullptr) return;
  const auto& item = index.first_item(set);
  zone.warning("dmarc-syntax", item,
               item.owner.to_text() + " has a TXT, but none that begins with v=DMARC1",
               "begin it with v=DMARC1; p=none, or take it out");
}

}  // namespace taproot::zonestore
