#include "dns/name.hpp"
#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"
#include "zonestore/sources/suggestion.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

namespace {

using dns::RRType;
using Item = SourceRecords::Item;

/// RFC 7208 section 4.6.4: mechanisms and modifiers that ask the DNS.
constexpr unsigned max_lookups = 10;
/// Includes of includes inside the zone that are followed for counting.
constexpr unsigned max_depth = 10;
/// Where counting stops: enough to see that it is too much, and too few to be a burden.
constexpr unsigned enough_lookups = 100;
constexpr std::size_t longest_include = 4096;

constexpr std::array<std::string_view, 8> mechanisms = {"all", "include", "a",   "mx",
                                                        "ptr", "ip4",     "ip6", "exists"};
constexpr std::array<std::string_view, 10> words = {"all", "include", "a",      "mx",       "ptr",
                                                    "ip4", "ip6",     "exists", "redirect", "exp"};

bool is_mechanism(std::string_view word) {
  return std::any_of(mechanisms.begin(), mechanisms.end(),
                     [&](std::string_view one) { return same_ignoring_case(one, word); });
}

/// One term of a record, taken apart but not judged.
struct Term {
  std::string_view text;
  char qualifier = '+';
  std::string_view word;      ///< "include", "redirect"
  std::string_view argument;  ///< behind ':' or '='; for a and mx with the prefix lengths
  bool is_modifier = false;

  bool is(std::string_view name) const { return same_ignoring_case(word, name); }
};

Term term_of(std::string_view text) {
  Term term{text, '+', {}, {}, false};
  std::string_view rest = text;
  if (!rest.empty() && std::string_view("+-~?").find(rest[0]) != std::string_view::npos) {
    term.qualifier = rest[0];
    rest.remove_prefix(1);
  }
  const auto end = std::min(rest.find_first_of(":/="), rest.size());
  term.word = rest.substr(0, end);
  term.is_modifier = end < rest.size() && rest[end] == '=';
  const bool skips = end < rest.size() && rest[end] != '/';
  term.argument = rest.substr(skips ? end + 1 : end);
  return term;
}

/// The record as a list of terms, without its version.
std::vector<Term> terms_of(std::string_view record) {
  std::vector<Term> terms;
  for (const auto part : split(record, ' ')) {
    if (!part.empty()) terms.push_back(term_of(part));
  }
  if (!terms.empty()) terms.erase(terms.begin());
  return terms;
}

/// RFC 7208 section 4.5: the version stands alone.
bool is_spf(std::string_view text) {
  constexpr std::string_view version = "v=spf1";
  if (text.size() < version.size() ||
      !same_ignoring_case(text.substr(0, version.size()), version)) {
    return false;
  }
  return text.size() == version.size() || text[version.size()] == ' ';
}

/// A slip of the pen in the version: nobody would take it for SPF.
bool looks_like_spf(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\"");
  if (start == std::string_view::npos) return false;
  const auto head = text.substr(start, 6);
  return same_ignoring_case(head.substr(0, 5), "v=spf") || same_ignoring_case(head, "v =spf") ||
         same_ignoring_case(head, "v= spf") || same_ignoring_case(head.substr(0, 4), "spf1");
}

/// What is wrong, and what to write; nothing wrong: an empty problem.
struct Trouble {
  std::string problem;
  std::string cure;
};

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (!whole || value > most || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return value;
}

std::optional<Trouble> why_bad_address(const Term& term) {
  const bool v6 = term.is("ip6");
  const auto slash = term.argument.find('/');
  const std::string address(term.argument.substr(0, slash));
  std::array<unsigned char, 16> octets{};
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), octets.data()) != 1) {
    const bool other = ::inet_pton(v6 ? AF_INET : AF_INET6, address.c_str(), octets.data()) == 1;
    return Trouble{in_quotes(address) + " is not an " + (v6 ? "IPv6" : "IPv4") + " address",
                   other ? std::string("write ") + (v6 ? "ip4:" : "ip6:") + address
                   : v6  ? "write ip6:2001:db8::1 or ip6:2001:db8::/32"
                         : "write ip4:192.0.2.1 or ip4:192.0.2.0/24"};
  }
  if (slash == std::string_view::npos) return std::nullopt;
  const unsigned most = v6 ? 128 : 32;
  if (number(term.argument.substr(slash + 1), most)) return std::nullopt;
  return Trouble{in_quotes(term.argument.substr(slash)) + " is not a prefix length from 0 to " +
                     std::to_string(most),
                 "write " + std::string(term.word) + ":" + address + (v6 ? "/64" : "/24")};
}

/// RFC 7208 section 7.1: %{ letter, digits, r, delimiters }, %%, %_ and %-.
bool is_macro_string(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] <= 0x20 || text[i] >= 0x7f) return false;
    if (text[i] != '%') continue;
    if (++i == text.size()) return false;
    if (text[i] == '%' || text[i] == '_' || text[i] == '-') continue;
    if (text[i] != '{') return false;
    const auto end = text.find('}', i);
    if (end == std::string_view::npos) return false;
    auto inside = text.substr(i + 1, end - i - 1);
    constexpr std::string_view letters = "slodiphcrtvSLODIPHCRTV";
    if (inside.empty() || letters.find(inside[0]) == std::string_view::npos) return false;
    inside.remove_prefix(1);
    inside.remove_prefix(std::min(inside.find_first_not_of("0123456789"), inside.size()));
    if (!inside.empty() && (inside[0] == 'r' || inside[0] == 'R')) inside.remove_prefix(1);
    if (inside.find_first_not_of(".-+,/_=") != std::string_view::npos) return false;
    i = end;
  }
  return true;
}

/// RFC 7208 section 7.1 domain-spec: ends in a macro, or in a dot and a label that is no number.
bool is_domain_spec(std::string_view text) {
  if (text.empty() || !is_macro_string(text)) return false;
  if (text.back() == '}') return true;
  if (text.back() == '.') text.remove_suffix(1);
  const auto dot = text.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == text.size()) return false;
  const auto last = text.substr(dot + 1);
  const bool all_digits = last.find_first_not_of("0123456789") == std::string_view::npos;
  const bool letters_only = std::all_of(last.begin(), last.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
  return letters_only && !all_digits && last.front() != '-' && last.back() != '-' &&
         text.find("..") == std::string_view::npos;
}

std::optional<Trouble> why_bad_domain(const Term& term, std::string_view domain) {
  if (is_domain_spec(domain)) return std::nullopt;
  const std::string head = std::string(term.word) + (term.is_modifier ? "=" : ":");
  if (domain.empty()) {
    return Trouble{std::string(term.word) + " names no domain", "write " + head + "DOMAIN"};
  }
  return Trouble{in_quotes(domain) + " is not a domain name with a dot in it",
                 "write the whole name, as in " + head + "_spf.example.net"};
}

/// a and mx: an optional domain, an optional /length and an optional //length.
std::optional<Trouble> why_bad_host(const Term& term) {
  const auto slash = std::min(term.argument.find('/'), term.argument.size());
  const auto domain = term.argument.substr(0, slash);
  const auto lengths = term.argument.substr(slash);
  const bool has_colon = term.argument.data() > term.word.data() + term.word.size();
  if (has_colon || !domain.empty()) {
    if (auto trouble = why_bad_domain(term, domain)) return trouble;
  }
  const auto v6_at = lengths.find("//");
  const auto v4 = lengths.substr(0, v6_at);
  const bool good_v4 = v4.empty() || number(v4.substr(1), 32);
  const bool good_v6 = v6_at == std::string_view::npos || number(lengths.substr(v6_at + 2), 128);
  if (good_v4 && good_v6) return std::nullopt;
  return Trouble{in_quotes(lengths) + " is not a prefix length",
                 "write " + std::string(term.word) + "/24, or " + std::string(term.word) +
                     "/24//64 for IPv4 and IPv6"};
}

std::optional<Trouble> why_bad_modifier(const Term& term) {
  if (term.is("redirect") || term.is("exp")) return why_bad_domain(term, term.argument);
  if (is_mechanism(term.word)) {
    return Trouble{in_quotes(term.text) + " has \"=\" where \":\" belongs",
                   "write " + std::string(term.word) + ":" + std::string(term.argument)};
  }
  return std::nullopt;
}

std::optional<Trouble> why_bad_mechanism(const Term& term) {
  if (!is_mechanism(term.word)) {
    return Trouble{in_quotes(term.text) + " is not a mechanism of SPF",
                   suggestion(term.word, words)};
  }
  if (term.is("ip4") || term.is("ip6")) return why_bad_address(term);
  if (term.is("include") || term.is("exists")) return why_bad_domain(term, term.argument);
  if (term.is("a") || term.is("mx")) return why_bad_host(term);
  if (term.is("ptr")) {
    return term.text.find(':') == std::string_view::npos && term.argument.empty()
               ? std::nullopt
               : why_bad_domain(term, term.argument);
  }
  const bool bare = term.argument.empty() && term.text.find(':') == std::string_view::npos;
  if (bare) return std::nullopt;
  return Trouble{"\"all\" takes nothing behind it, here is " + in_quotes(term.text),
                 "write " + std::string(1, term.qualifier) + "all"};
}

/// The checks of one name's SPF record.
class SpfCheck {
 public:
  SpfCheck(CheckedZone& zone, const Item& item, std::string text)
      : zone_(zone), item_(item), text_(std::move(text)), terms_(terms_of(text_)) {}

  void run() {
    check_terms();
    check_order();
    check_lookups();
  }

 private:
  std::string title() const { return "the SPF record of " + item_.owner.to_text(); }

  void warn(const char* rule, const std::string& says, std::string cure, std::string_view focus) {
    zone_.warning(rule, item_, title() + ": " + says, std::move(cure), {std::string(focus), {}});
  }

  void check_terms() {
    for (const auto& term : terms_) {
      const auto trouble = term.is_modifier ? why_bad_modifier(term) : why_bad_mechanism(term);
      if (trouble) {
        std::string cure = trouble->cure;
        if (string_count(item_.rdata.wire()) > 1) {
          cure += "; its strings are joined without a blank between them";
        }
        warn("spf-syntax", trouble->problem, std::move(cure), term.text);
      } else if (term.is_modifier && !term.is("redirect") && !term.is("exp")) {
        zone_.note("spf-unknown-modifier", item_,
                   title() + ": " + in_quotes(term.text) + " is a modifier that nobody knows",
                   suggestion(term.word, words), {std::string(term.text), {}});
      } else if (term.is("ptr")) {
        warn("spf-ptr", "ptr is slow, and many receivers do not do it",
             "name the addresses with ip4, ip6, a or mx (RFC 7208 section 5.5)", term.text);
      }
    }
    check_twice("redirect");
    check_twice("exp");
  }

  void check_twice(std::string_view modifier) {
    const auto count = std::count_if(terms_.begin(), terms_.end(), [&](const Term& term) {
      return term.is_modifier && term.is(modifier);
    });
    if (count < 2) return;
    warn("spf-syntax", std::string(modifier) + "= stands in it " + std::to_string(count) + " times",
         "keep one of them", std::string(modifier) + "=");
  }

  const Term* find_all() const {
    const auto found = std::find_if(terms_.begin(), terms_.end(), [](const Term& term) {
      return !term.is_modifier && term.is("all");
    });
    return found == terms_.end() ? nullptr : &*found;
  }

  void check_order() {
    const auto* all = find_all();
    if (all == nullptr) return;
    if (all->qualifier == '+') {
      warn("spf-allows-all", in_quotes(all->text) + " lets the whole Internet send in this name",
           "write -all or ~all", all->text);
    }
    for (const Term* term = all + 1; term != terms_.data() + terms_.size(); ++term) {
      if (term->is_modifier && !term->is("redirect")) continue;
      warn("spf-after-all", in_quotes(term->text) + " stands behind \"all\" and is never used",
           "move it before " + std::string(all->text) + ", or take it out", term->text);
      return;
    }
  }

  void check_lookups() {
    std::vector<const Item*> path{&item_};
    const unsigned count = lookups(terms_, path);
    if (count <= max_lookups) return;
    warn("spf-lookups",
         "it takes " + (endless_ ? std::string("endless") : std::to_string(count)) +
             " DNS lookups, as far as this zone shows, and 10 are allowed",
         "use fewer include, a, mx, ptr, exists and redirect (RFC 7208 section 4.6.4)", "");
  }

  /// What a record costs, with those of its includes that stand in this zone.
  unsigned lookups(const std::vector<Term>& terms, std::vector<const Item*>& path) {
    unsigned count = 0;
    for (const auto& term : terms) {
      if (count > enough_lookups) return count;
      if (!term.is_modifier && term.is("all")) break;
      const bool follows = term.is("include") || term.is("redirect");
      const bool asks =
          follows || term.is("a") || term.is("mx") || term.is("ptr") || term.is("exists");
      if (!asks) continue;
      ++count;
      if (follows) count += lookups_at(term, path);
    }
    return count;
  }

  unsigned lookups_at(const Term& term, std::vector<const Item*>& path) {
    if (path.size() > max_depth) return 0;
    const auto name = dns::Name::from_text(std::string(term.argument));
    if (term.argument.find('%') != std::string_view::npos || !name) return 0;
    const auto found = zone_.index().target(*name);
    if (!found.in_zone || found.cut != CheckIndex::none || found.dname != CheckIndex::none) {
      return 0;
    }
    const auto* item = spf_of(found.answers);
    if (item == nullptr) {
      tell_missing(term, *name, found.answers);
      return 0;
    }
    if (item->rdata.size() > longest_include) return 0;
    if (std::find(path.begin(), path.end(), item) != path.end()) {
      endless_ = true;
      return max_lookups + 1;
    }
    path.push_back(item);
    const auto text = joined_text(item->rdata.wire());
    const unsigned count = lookups(terms_of(text), path);
    path.pop_back();
    return count;
  }

  /// The SPF record of an owner, or null.
  const Item* spf_of(std::uint32_t owner) const {
    const auto& index = zone_.index();
    if (owner == CheckIndex::none) return nullptr;
    const auto* set = index.find(index.owner(owner), RRType::TXT);
    if (set == nullptr) return nullptr;
    for (const auto at : set->items) {
      if (is_spf(joined_text(index.item(at).rdata.wire()))) return &index.item(at);
    }
    return nullptr;
  }

  void tell_missing(const Term& term, const dns::Name& name, std::uint32_t answers) {
    const auto& index = zone_.index();
    if (!zone_.is_complete()) return;
    // A CNAME may lead to one that is not ours.
    if (answers != CheckIndex::none && index.has(index.owner(answers), RRType::CNAME)) return;
    if (term.text.data() < text_.data() || term.text.data() >= text_.data() + text_.size()) {
      return;  // of a record that is included: it is told there
    }
    warn("spf-include-missing", name.to_text() + " has no SPF record",
         "write one there, or mend the name", term.text);
  }

  CheckedZone& zone_;
  const Item& item_;
  std::string text_;
  std::vector<Term> terms_;
  bool endless_ = false;
};

/// RFC 7505 says that no mail is taken; most such names should not send any either.
void check_null_mx(CheckedZone& zone, const CheckIndex::Set& set, const Item& item,
                   std::string_view text) {
  const auto& index = zone.index();
  const auto* mx = index.find(index.owner(set.owner), RRType::MX);
  if (mx == nullptr || mx->items.size() != 1) return;
  const auto& null = index.first_item(*mx);
  if (!dns::target_of(RRType::MX, null.rdata.wire()).is_root()) return;
  const auto terms = terms_of(text);
  const bool forbids = terms.size() == 1 && terms[0].is("all") && terms[0].qualifier == '-';
  if (forbids) return;
  zone.note(
      "null-mx-with-spf", item,
      item.owner.to_text() + " takes no mail, but its SPF record lets others send in its name",
      "write v=spf1 -all, or an MX for the answers", {{}, {{null, "the MX that says so is here"}}});
}

}  // namespace

void check_spf(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  const Item* first = nullptr;
  for (const auto at : set.items) {
    const auto& item = index.item(at);
    const Octets wire = item.rdata.wire();
    // Most TXT records are something else: one octet tells.
    if (wire.size() < 5 ||
        std::string_view("vVsS \t\"").find(static_cast<char>(wire[1])) == std::string_view::npos) {
      continue;
    }
    auto text = joined_text(wire);
    if (!is_spf(text)) {
      if (!looks_like_spf(text)) continue;
      zone.warning("spf-syntax", item,
                   item.owner.to_text() + ": " + in_quotes(text.substr(0, 20)) +
                       " is taken for no SPF record",
                   "begin it with v=spf1 and a blank");
      continue;
    }
    if (first != nullptr) {
      zone.warning(
          "several-spf", item,
          item.owner.to_text() + " has more than one SPF record, which receivers take for an error",
          "put them into one record (RFC 7208 section 3.2)", {{}, {{*first, "the first is here"}}});
      continue;
    }
    first = &item;
    check_null_mx(zone, set, item, text);
    SpfCheck(zone, item, std::move(text)).run();
  }
}

void check_spf_type(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& item = zone.index().first_item(set);
  zone.note("spf-type", item, item.owner.to_text() + " has SPF of the type SPF, which nobody asks",
            "write it as TXT, and take this one out (RFC 7208 section 3.1)");
}

}  // namespace taproot::zonestore
