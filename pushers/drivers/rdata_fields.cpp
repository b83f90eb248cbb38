#include "pushers/drivers/rdata_fields.hpp"

#include "dns/presentation.hpp"

#include <algorithm>
#include <charconv>

namespace taproot::pushers {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

using dns::RRType;

/// How a field of presentation format becomes a piece.
enum class Field {
  word,    ///< as it is
  quoted,  ///< without its quotes and escapes
  target,  ///< a name, without its last dot
  rest     ///< all that follows, as it is
};

std::vector<Field> fields_of(RRType type) {
  using enum Field;
  switch (type) {
    case RRType::CNAME:
    case RRType::DNAME:
    case RRType::NS:
    case RRType::PTR:
      return {target};
    case RRType::MX:
      return {word, target};
    case RRType::SRV:
      return {word, word, word, target};
    case RRType::CAA:
      return {word, word, quoted};
    case RRType::DS:
    case RRType::TLSA:
    case RRType::SMIMEA:
      return {word, word, word, word};
    case RRType::SSHFP:
      return {word, word, word};
    case RRType::NAPTR:
      return {word, word, quoted, quoted, quoted, target};
    case RRType::HTTPS:
    case RRType::SVCB:
      return {word, target, rest};
    default:
      return {rest};
  }
}

std::string taken(Field field, std::string_view& text) {
  if (field == Field::quoted) return unquoted_string(take_field(text));
  if (field == Field::target) return without_dot(std::string(take_field(text)));
  if (field == Field::word) return std::string(take_field(text));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return std::string(text);
}

}  // namespace

std::vector<std::string> pieces_of(RRType type, Octets rdata) {
  const std::string all = dns::rdata_to_text(type, rdata);
  std::string_view text = all;
  std::vector<std::string> pieces;
  for (const Field field : fields_of(type)) pieces.push_back(taken(field, text));
  return pieces;
}

Result<dns::Rdata> rdata_of(RRType type, const std::vector<std::string>& pieces) {
  const auto fields = fields_of(type);
  const bool may_lack_last = fields.size() > 1 && fields.back() == Field::rest;
  const bool lacks_last = may_lack_last && pieces.size() + 1 == fields.size();
  if (pieces.size() != fields.size() && !lacks_last) {
    return fail(Errc::bad_answer, "a " + dns::to_text(type) + " record has " +
                                      std::to_string(pieces.size()) + " fields");
  }
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!text.empty()) text += ' ';
    if (fields[i] == Field::quoted) {
      text += quoted_string(pieces[i]);
    } else {
      text += fields[i] == Field::target ? with_dot(pieces[i]) : pieces[i];
    }
  }
  return dns::rdata_from_text(type, text, dns::Name::root());
}

std::string_view take_field(std::string_view& text) {
  const auto begin = text.find_first_not_of(' ');
  text.remove_prefix(std::min(begin, text.size()));
  bool inside = false;
  std::size_t end = 0;
  for (; end < text.size() && (inside || text[end] != ' '); ++end) {
    if (text[end] == '"') inside = !inside;
    if (text[end] == '\\') ++end;
  }
  const auto field = text.substr(0, end);
  text.remove_prefix(std::min(end, text.size()));
  return field;
}

std::string unquoted_string(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  std::string octets;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      octets += text[at];
    } else if (at + 3 < text.size() && is_digit(text[at + 1])) {
      octets += static_cast<char>((text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 +
                                  (text[at + 3] - '0'));
      at += 3;
    } else {
      octets += text[++at];
    }
  }
  return octets;
}

std::string quoted_string(std::string_view octets) {
  std::string text = "\"";
  for (const char c : octets) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::uint32_t number_in(std::string_view text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string without_dot(std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

std::string with_dot(std::string name) {
  if (!name.ends_with('.')) name += '.';
  return name;
}

std::string joined_strings(Octets rdata) {
  std::string text;
  while (!rdata.empty()) {
    const std::size_t size = std::min<std::size_t>(rdata[0], rdata.size() - 1);
    const Octets one = rdata.subspan(1, size);
    text.append(one.begin(), one.end());
    rdata = rdata.subspan(1 + size);
  }
  return text;
}

dns::Rdata in_strings(std::string_view text) {
  constexpr std::size_t longest = 255;
  std::string wire;
  text = text.substr(0, 65'000);
  do {
    const auto part = text.substr(0, longest);
    wire += static_cast<char>(part.size());
    wire += part;
    text.remove_prefix(part.size());
  } while (!text.empty());
  return dns::Rdata(std::move(wire));
}

}  // namespace taproot::pushers
