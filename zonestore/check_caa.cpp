#include "dns/name.hpp"
#include "zonestore/check_practice.hpp"
#include "zonestore/check_text.hpp"
#include "zonestore/sources/suggestion.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace taproot::zonestore {

namespace {

using Item = SourceRecords::Item;

/// RFC 8659, RFC 9495 (issuemail), and the registry's other tags.
constexpr std::array<std::string_view, 7> known_tags = {
    "issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"};
constexpr std::uint8_t critical = 0x80;

struct Caa {
  std::uint8_t flags = 0;
  std::string tag;
  std::string value;
};

/// Rdata that were read are whole: flags, a tag with its length, the value.
Caa caa_of(Octets rdata) {
  const std::size_t tag_size = std::min<std::size_t>(rdata[1], rdata.size() - 2);
  const auto text = [](Octets octets) { return std::string(octets.begin(), octets.end()); };
  return {rdata[0], text(rdata.subspan(2, tag_size)), text(rdata.subspan(2 + tag_size))};
}

/// RFC 8659 section 4.2: an issuer's domain, perhaps none, and parameters behind ';'.
bool is_issuer(std::string_view value) {
  const auto parts = split(value, ';');
  const auto domain = without_blanks(parts[0]);
  const auto is_domain_octet = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.';
  };
  if (!std::all_of(domain.begin(), domain.end(), is_domain_octet)) return false;
  if (!domain.empty() &&
      (domain.find('.') == std::string_view::npos || !dns::Name::from_text(std::string(domain)))) {
    return false;
  }
  return std::all_of(parts.begin() + 1, parts.end(), [](std::string_view part) {
    const auto parameter = without_blanks(part);
    return parameter.empty() || parameter.find('=') != std::string_view::npos;
  });
}

bool is_report_url(std::string_view value) {
  constexpr std::array<std::string_view, 3> schemes = {"mailto:", "https://", "http://"};
  return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
    return value.size() > scheme.size() &&
           same_ignoring_case(value.substr(0, scheme.size()), scheme);
  });
}

void check_record(CheckedZone& zone, const Item& item) {
  const auto wire = item.rdata.wire();
  if (wire.size() < 2) return;
  const auto caa = caa_of(wire);
  const std::string title = item.owner.to_text() + " CAA";
  const auto known = std::any_of(known_tags.begin(), known_tags.end(), [&](std::string_view tag) {
    return same_ignoring_case(tag, caa.tag);
  });
  if (!known) {
    const bool forbids = (caa.flags & critical) != 0;
    const std::string says = title + " has the tag " + in_quotes(caa.tag) + ", which nobody knows" +
                             (forbids ? ", and is critical: no CA may issue" : "");
    const auto cure = suggestion(caa.tag, known_tags);
    if (forbids) return zone.warning("caa-syntax", item, says, cure, {caa.tag, {}});
    return zone.note("caa-unknown-tag", item, says, cure, {caa.tag, {}});
  }
  if ((caa.flags & ~critical) != 0) {
    zone.warning("caa-syntax", item,
                 title + " has the flags " + std::to_string(caa.flags) +
                     ", of which only 128 means something",
                 "write 0, or 128 for critical");
  }
  if (caa.tag.size() >= 5 && same_ignoring_case(std::string_view(caa.tag).substr(0, 5), "issue") &&
      !is_issuer(caa.value)) {
    zone.warning("caa-syntax", item, title + ": " + in_quotes(caa.value) + " names no issuer",
                 "write the CA's domain alone, as in \"ca.example.net\", or \";\" for no CA",
                 {caa.value, {}});
  }
  if (same_ignoring_case(caa.tag, "iodef") && !is_report_url(caa.value)) {
    zone.warning("caa-syntax", item,
                 title + ": " + in_quotes(caa.value) + " is no place for reports",
                 "write mailto:ADDRESS or https://…", {caa.value, {}});
  }
}

}  // namespace

void check_caa(CheckedZone& zone, const CheckIndex::Set& set) {
  for (const auto at : set.items) check_record(zone, zone.index().item(at));
}

}  // namespace taproot::zonestore
