#pragma once

#include "dns/octets.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

// TXT records that are programs of others: what SPF, DMARC and DKIM have in common.

/// The strings of a TXT record joined without anything between them, as readers of it do.
std::string joined_text(Octets rdata);
/// How many strings a TXT record has.
std::size_t string_count(Octets rdata);

/// One "name=value" of a tag list (RFC 6376 section 3.2), blanks around both taken off.
struct Tag {
  std::string_view name;
  std::string_view value;
};

/// The tags of "a=b; c=d;" in their order, or the part that is none.
struct TagList {
  std::vector<Tag> tags;
  std::optional<std::string_view> bad;

  const Tag* find(std::string_view name) const;
};

/// Borrows the text.
TagList tags_of(std::string_view text);

/// Without the blanks around it.
std::string_view without_blanks(std::string_view text);

/// Compares without regard to the case of ASCII letters.
bool same_ignoring_case(std::string_view a, std::string_view b);

/// The parts between separators; one empty part for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The first labels of an owner, as text in lower case; less if it has less, or if one of them has
/// other octets than printable ASCII.
std::vector<std::string> first_labels(Octets owner, std::size_t count);

}  // namespace taproot::zonestore
