#include "zonestore/sources/record_values.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/sources/record_fields.hpp"
#include "zonestore/sources/suggestion.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

using dns::RRType;
using Problem = std::optional<ValueProblem>;

/// Which blank-separated fields of the presentation text are names, as bits.
unsigned name_fields(RRType type) {
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::DNAME:
    case RRType::PTR:
      return 1u << 0;
    case RRType::MX:
    case RRType::KX:
    case RRType::RT:
    case RRType::AFSDB:
    case RRType::SVCB:
    case RRType::HTTPS:
      return 1u << 1;
    case RRType::SOA:
    case RRType::RP:
    case RRType::MINFO:
      return 1u << 0 | 1u << 1;
    case RRType::PX:
      return 1u << 1 | 1u << 2;
    case RRType::SRV:
    case RRType::DSYNC:
      return 1u << 3;
    case RRType::NAPTR:
      return 1u << 5;
    default:
      return 0;
  }
}

bool is_text_type(RRType type) {
  return type == RRType::TXT || type == RRType::SPF;
}

Problem bad_value(const DocumentNode& place, std::string message, std::string cure) {
  return ValueProblem{&place, "bad-value", std::move(message), std::move(cure)};
}

/// octoDNS wants names in values with a dot at the end; "www" alone may mean two things.
Problem check_name(const DocumentNode& place, std::string_view name, const dns::Name& apex) {
  if (!name.empty() && name.back() == '.' && (name.size() < 2 || name[name.size() - 2] != '\\')) {
    return std::nullopt;
  }
  const std::string text(name.substr(0, 255));
  const std::string inside = apex.is_root() || text == "@" || text.empty()
                                 ? in_quotes(apex.to_text())
                                 : in_quotes(text + ".") + ", or " +
                                       in_quotes(text + "." + apex.to_text()) +
                                       " for the name inside of this zone";
  return ValueProblem{&place, "target-without-dot",
                      "the name " + in_quotes(text) + " does not end in a dot", "write " + inside};
}

/// One character-string of presentation format. octoDNS writes ";" as "\;".
std::string character_string(std::string_view text) {
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\\;") ++i;
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet < 0x20 || octet == 0x7f) {
      const std::string digits = std::to_string(octet);
      result += '\\' + std::string(3 - digits.size(), '0') + digits;
      continue;
    }
    if (text[i] == '"' || text[i] == '\\') result += '\\';
    result += text[i];
  }
  return result + '"';
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_decimal(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

bool is_word(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; }) &&
         text.find_first_of("\"\\;()") == std::string_view::npos;
}

/// Writes one map into presentation format, field by field.
class MapWriter {
 public:
  MapWriter(RRType type, const DocumentNode& map, const dns::Name& apex)
      : type_(type), map_(map), apex_(apex) {}

  Problem write() {
    if (auto problem = check_keys()) return problem;
    for (const RecordField& field : record_fields(type_)) {
      if (auto problem = write_field(field)) return problem;
    }
    return std::nullopt;
  }
  const std::string& text() const { return text_; }

 private:
  Problem check_keys() const;
  Problem write_field(const RecordField& field);
  Problem write_scalar(const RecordField& field, const DocumentNode& value);
  Problem write_parameters(const DocumentNode& map);
  Problem write_parameter(const DocumentNode& key, const DocumentNode& value);
  void append(std::string_view text) {
    if (!text_.empty()) text_ += ' ';
    text_ += text;
  }

  RRType type_;
  const DocumentNode& map_;
  const dns::Name& apex_;
  std::string text_;
};

Problem MapWriter::check_keys() const {
  std::vector<std::string_view> known;
  for (const RecordField& field : record_fields(type_)) {
    known.push_back(field.key);
    if (!field.other_key.empty()) known.push_back(field.other_key);
  }
  for (std::size_t i = 0; i + 1 < map_.children.size(); i += 2) {
    const DocumentNode& key = *map_.children[i];
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      return ValueProblem{&key, "unknown-key",
                          dns::to_text(type_) + " values have no key " + in_quotes(key.text),
                          suggestion(key.text, known)};
    }
    if (map_.find(key.text) != map_.children[i + 1]) {
      return ValueProblem{&key, "duplicate-key", in_quotes(key.text) + " stands here twice",
                          "keep one of them"};
    }
  }
  return std::nullopt;
}

Problem MapWriter::write_field(const RecordField& field) {
  const DocumentNode* value = map_.find(field.key);
  if (value == nullptr && !field.other_key.empty()) value = map_.find(field.other_key);
  if (value == nullptr && field.otherwise == nullptr) {
    return ValueProblem{&map_, "missing-key",
                        "the " + dns::to_text(type_) + " value lacks " + in_quotes(field.key),
                        "write \"" + std::string(field.key) + ": ...\""};
  }
  if (value == nullptr) {
    if (*field.otherwise != '\0') append(field.otherwise);
    return std::nullopt;
  }
  if (field.form == FieldForm::parameters) return write_parameters(*value);
  if (!value->is_scalar()) {
    return bad_value(*value, in_quotes(field.key) + " is not a single value", "write one value");
  }
  return write_scalar(field, *value);
}

Problem MapWriter::write_scalar(const RecordField& field, const DocumentNode& value) {
  const auto not_a = [&](const char* what) {
    return bad_value(value,
                     std::string(field.key) + " " + in_quotes(value.text) + " is not " + what,
                     std::string("write ") + what);
  };
  switch (field.form) {
    case FieldForm::number:
      if (!is_number(value.text)) return not_a("a number");
      append(value.text);
      break;
    case FieldForm::decimal:
      if (!is_decimal(value.text)) return not_a("a number");
      append(value.text);
      break;
    case FieldForm::metres:
      if (!is_decimal(value.text)) return not_a("a number of metres");
      append(value.text + "m");
      break;
    case FieldForm::name:
      if (auto problem = check_name(value, value.text, apex_)) return problem;
      if (!is_word(value.text) && value.text.find('\\') == std::string::npos)
        return not_a("a name");
      if (value.text.find_first_of(" \t\r\n\"();") != std::string::npos) return not_a("a name");
      append(value.text);
      break;
    case FieldForm::word:
      if (!is_word(value.text)) return not_a("one word");
      append(value.text);
      break;
    case FieldForm::text:
      append(character_string(value.text));
      break;
    case FieldForm::parameters:
      break;
  }
  return std::nullopt;
}

/// SvcParams (RFC 9460 section 2.1).
Problem MapWriter::write_parameters(const DocumentNode& map) {
  if (map.kind == DocumentNode::Kind::null) return std::nullopt;
  if (!map.is_map()) {
    return bad_value(map, "svcparams is not a map", "write alpn, port and others as keys below it");
  }
  for (std::size_t i = 0; i + 1 < map.children.size(); i += 2) {
    if (auto problem = write_parameter(*map.children[i], *map.children[i + 1])) return problem;
  }
  return std::nullopt;
}

Problem MapWriter::write_parameter(const DocumentNode& key, const DocumentNode& value) {
  if (!is_word(key.text) || key.text.find('=') != std::string::npos) {
    return bad_value(key, in_quotes(key.text) + " is not a SvcParamKey",
                     "write alpn, port, key65280");
  }
  std::string text;
  if (value.is_map())
    return bad_value(value, "a map stands for a value", "write a value or a list");
  if (value.is_scalar()) text = value.text;
  for (const auto* part : value.children) {
    if (!part->is_scalar())
      return bad_value(*part, "the list has no plain value here", "write one");
    text += (text.empty() ? "" : ",") + part->text;
  }
  append(text.empty() ? key.text : key.text + "=" + character_string(text));
  return std::nullopt;
}

/// The text of TXT, cut into strings of 255 octets (RFC 1035 section 3.3.14).
tl::expected<dns::Rdata, ValueProblem> text_rdata(const DocumentNode& value) {
  constexpr std::size_t longest = 255;
  std::string text;
  for (std::size_t i = 0; i < value.text.size(); ++i) {
    if (std::string_view(value.text).substr(i, 2) == "\\;") ++i;
    text += value.text[i];
  }
  std::string wire;
  for (std::size_t at = 0; at == 0 || at < text.size(); at += longest) {
    const auto part = std::string_view(text).substr(at, longest);
    wire += static_cast<char>(part.size());
    wire += part;
  }
  if (wire.size() > 65'535) {
    return tl::unexpected(
        *bad_value(value, "the text has more than 65,000 octets", "write less text"));
  }
  return dns::Rdata(std::move(wire));
}

tl::expected<dns::Rdata, ValueProblem> parsed(RRType type, const DocumentNode& value,
                                              std::string_view text) {
  // Names end in a dot here, so the origin does not matter; the root makes no name longer.
  auto rdata = dns::rdata_from_text(type, text, dns::Name::root());
  if (rdata) return std::move(*rdata);
  return tl::unexpected(
      ValueProblem{&value, "bad-rdata", rdata.error().detail,
                   "write the data as the RFC of " + dns::to_text(type) + " has them"});
}

Problem check_names(RRType type, const DocumentNode& value, const dns::Name& apex) {
  const std::string_view text = value.text;
  const unsigned names = text.substr(0, 2) == "\\#" ? 0 : name_fields(type);
  std::size_t at = 0;
  for (unsigned field = 0; names >> field != 0; ++field) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos) return std::nullopt;  // the type's reader tells
    const auto end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    if ((names >> field & 1) != 0) {
      if (auto problem = check_name(value, text.substr(at, end - at), apex)) return problem;
    }
    at = end;
  }
  return std::nullopt;
}

tl::expected<dns::Rdata, ValueProblem> rdata_from_scalar(RRType type, const DocumentNode& value,
                                                         const dns::Name& apex) {
  if (is_text_type(type) && (value.text.empty() || value.text[0] != '"')) return text_rdata(value);
  if (value.text.empty()) {
    return tl::unexpected(*bad_value(value, "the value is empty", "write a value or take it out"));
  }
  if (auto problem = check_names(type, value, apex)) return tl::unexpected(std::move(*problem));
  return parsed(type, value, value.text);
}

}  // namespace

tl::expected<dns::Rdata, ValueProblem> rdata_from_value(RRType type, const DocumentNode& value,
                                                        const dns::Name& apex) {
  if (value.is_scalar()) return rdata_from_scalar(type, value, apex);
  if (!value.is_map()) {
    return tl::unexpected(
        *bad_value(value, "a value is missing here", "write a value or take the line out"));
  }
  if (record_fields(type).empty()) {
    return tl::unexpected(*bad_value(value, dns::to_text(type) + " values are text, not a map",
                                     "write the value as in a zone file"));
  }
  MapWriter writer(type, value, apex);
  if (auto problem = writer.write()) return tl::unexpected(std::move(*problem));
  return parsed(type, value, writer.text());
}

}  // namespace taproot::zonestore
