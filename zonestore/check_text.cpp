#include "zonestore/check_text.hpp"

#include "dns/name.hpp"

#include <algorithm>

namespace taproot::zonestore {

std::string joined_text(Octets rdata) {
  std::string text;
  text.reserve(rdata.size());
  while (!rdata.empty()) {
    const std::size_t size = std::min<std::size_t>(rdata[0], rdata.size() - 1);
    for (const auto octet : rdata.subspan(1, size)) text += static_cast<char>(octet);
    rdata = rdata.subspan(1 + size);
  }
  return text;
}

std::size_t string_count(Octets rdata) {
  std::size_t count = 0;
  for (; !rdata.empty(); ++count) {
    rdata = rdata.subspan(1 + std::min<std::size_t>(rdata[0], rdata.size() - 1));
  }
  return count;
}

const Tag* TagList::find(std::string_view name) const {
  const auto found =
      std::find_if(tags.begin(), tags.end(), [&](const Tag& tag) { return tag.name == name; });
  return found == tags.end() ? nullptr : &*found;
}

TagList tags_of(std::string_view text) {
  TagList list;
  for (const auto part : split(text, ';')) {
    const auto written = without_blanks(part);
    if (written.empty()) continue;  // behind the last ';'
    const auto equals = written.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      if (!list.bad) list.bad = written;
      continue;
    }
    list.tags.push_back(
        {without_blanks(written.substr(0, equals)), without_blanks(written.substr(equals + 1))});
  }
  return list;
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c + 0; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lowered(x) == lowered(y); });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string> first_labels(Octets owner, std::size_t count) {
  std::vector<std::string> labels;
  while (labels.size() < count && !owner.empty() && owner[0] != 0) {
    std::string label;
    for (const auto octet : owner.subspan(1, owner[0])) {
      if (octet <= 0x20 || octet >= 0x7f) return labels;
      label += static_cast<char>(dns::lower(octet));
    }
    labels.push_back(std::move(label));
    owner = owner.subspan(1 + std::size_t{owner[0]});
  }
  return labels;
}

}  // namespace taproot::zonestore
