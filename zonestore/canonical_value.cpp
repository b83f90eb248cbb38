#include "zonestore/canonical_value.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "dns/text_fields.hpp"
#include "zonestore/sources/document.hpp"
#include "zonestore/sources/record_fields.hpp"
#include "zonestore/sources/record_values.hpp"
#include "zonestore/yaml_text.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>

namespace taproot::zonestore {

namespace {

using dns::RRType;
using Kind = CanonicalValue::Kind;

constexpr std::size_t max_string = 255;

CanonicalValue text_value(std::string text) {
  return {Kind::text, std::move(text), {}};
}

/// octoDNS's way: a ";" of the text is written "\;".
std::string with_escaped_semicolons(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ';') out += '\\';
    out += c;
  }
  return out;
}

/// The text of TXT and SPF as such, if reading cuts it into the same strings again.
std::optional<CanonicalValue> plain_text(Octets rdata) {
  std::string text;
  while (!rdata.empty()) {
    const std::size_t size = rdata[0];
    const bool is_last = rdata.size() == size + 1;
    if ((size < max_string && !is_last) || (size == 0 && !text.empty())) return std::nullopt;
    text.append(reinterpret_cast<const char*>(rdata.data()) + 1, size);
    rdata = rdata.subspan(size + 1);
  }
  if (!is_yaml_text(text) || text.starts_with('"')) return std::nullopt;
  return text_value(with_escaped_semicolons(text));
}

/// A key of SvcParams and its value (RFC 9460 section 2.1); a list where there are commas.
std::optional<CanonicalValue::Part> parameter(std::string_view field) {
  const auto equals = field.find('=');
  CanonicalValue::Part part{std::string(field.substr(0, equals)), {}};
  if (equals == std::string_view::npos) return part;
  auto rest = field.substr(equals + 1);
  if (rest.size() >= 2 && rest.front() == '"') rest = rest.substr(1, rest.size() - 2);
  std::string text;
  if (dns::append_unescaped(text, rest) != nullptr || !is_yaml_text(text)) return std::nullopt;
  if (text.find(',') == std::string::npos) {
    part.value = text_value(with_escaped_semicolons(text));
    return part;
  }
  part.value.kind = Kind::list;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    part.value.parts.push_back(
        {"", text_value(with_escaped_semicolons(std::string_view(text).substr(at, end - at)))});
    at = end + 1;
  }
  return part;
}

std::optional<CanonicalValue> parameters(std::string_view text) {
  CanonicalValue map{Kind::map, {}, {}};
  while (!text.empty()) {
    // A field ends at a blank that is neither quoted nor escaped: key="a b" is one field.
    bool quoted = false;
    std::size_t end = 0;
    for (; end < text.size() && (quoted || text[end] != ' '); ++end) {
      if (text[end] == '"') quoted = !quoted;
      if (text[end] == '\\') ++end;
    }
    end = std::min(end, text.size());
    auto part = parameter(text.substr(0, end));
    if (!part) return std::nullopt;
    map.parts.push_back(std::move(*part));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return map;
}

/// A number of presentation format without the zeros before it and behind its decimals.
std::string shortest(std::string text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const auto whole = std::min(text.find('.'), text.size()) - sign;
  const auto zeros = std::min(text.find_first_not_of('0', sign) - sign, whole - 1);
  text.erase(sign, zeros);
  if (text.find('.') == std::string::npos) return text;
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::optional<CanonicalValue> field_value(FieldForm form, const dns::TextField& field) {
  std::string text(field.text);
  switch (form) {
    case FieldForm::number:
      return CanonicalValue{Kind::number, shortest(std::move(text)), {}};
    case FieldForm::metres:
      if (text.ends_with('m')) text.pop_back();
      return CanonicalValue{Kind::number, shortest(std::move(text)), {}};
    case FieldForm::decimal:
      return CanonicalValue{Kind::number, shortest(std::move(text)), {}};
    case FieldForm::name:
    case FieldForm::word:
      return text_value(std::move(text));
    case FieldForm::text: {
      std::string plain;
      if (dns::append_unescaped(plain, text) != nullptr || !is_yaml_text(plain)) break;
      return text_value(with_escaped_semicolons(plain));
    }
    case FieldForm::parameters:
      break;
  }
  return std::nullopt;
}

/// The map of a type's fields, taken from its presentation format.
std::optional<CanonicalValue> map_of_fields(RRType type, std::string_view text, bool with_serial) {
  CanonicalValue map{Kind::map, {}, {}};
  dns::TextFields fields(text);
  for (const RecordField& field : record_fields(type)) {
    if (field.form == FieldForm::parameters) {
      auto value = parameters(fields.take_rest());
      if (!value) return std::nullopt;
      if (!value->parts.empty()) map.parts.push_back({std::string(field.key), std::move(*value)});
      continue;
    }
    const auto written = fields.next();
    auto value = written ? field_value(field.form, *written) : std::nullopt;
    if (!value) return std::nullopt;
    if (type == RRType::SOA && field.key == "serial" && !with_serial) continue;
    map.parts.push_back({std::string(field.key), std::move(*value)});
  }
  if (!fields.at_end()) return std::nullopt;
  return map;
}

/// The value as its reader is given it.
const DocumentNode& as_document(const CanonicalValue& value, std::deque<DocumentNode>& nodes) {
  DocumentNode& node = nodes.emplace_back();
  const auto leaf = [&](const std::string& text) {
    DocumentNode& scalar = nodes.emplace_back();
    scalar.kind = DocumentNode::Kind::scalar;
    scalar.text = text;
    return &scalar;
  };
  switch (value.kind) {
    case Kind::text:
    case Kind::number:
      node.kind = DocumentNode::Kind::scalar;
      node.text = value.text;
      break;
    case Kind::list:
      node.kind = DocumentNode::Kind::sequence;
      break;
    case Kind::map:
      node.kind = DocumentNode::Kind::map;
      break;
  }
  for (const auto& [key, part] : value.parts) {
    if (value.kind == Kind::map) node.children.push_back(leaf(key));
    node.children.push_back(&as_document(part, nodes));
  }
  return node;
}

bool reads_as(const CanonicalValue& value, RRType type, const dns::Rdata& wanted) {
  std::deque<DocumentNode> nodes;
  const auto read = rdata_from_value(type, as_document(value, nodes), dns::Name::root());
  return read && *read == wanted;
}

/// What reading gives if the serial is left out.
dns::Rdata without_serial(Octets rdata) {
  auto soa = dns::Soa::from_rdata(rdata);
  if (!soa) return dns::Rdata(rdata);
  soa->serial = dns::Serial(1);
  return soa->to_rdata();
}

}  // namespace

CanonicalValue canonical_value(RRType type, Octets rdata, bool with_serial) {
  const auto text = dns::rdata_to_text(type, rdata);
  const dns::Rdata octets(rdata);
  if (!record_fields(type).empty() && !text.starts_with("\\#")) {
    const bool bare = type == RRType::SOA && !with_serial;
    auto map = map_of_fields(type, text, with_serial);
    if (map && reads_as(*map, type, bare ? without_serial(rdata) : octets)) return std::move(*map);
  }
  if (type == RRType::TXT || type == RRType::SPF) {
    auto plain = plain_text(rdata);
    if (plain && reads_as(*plain, type, octets)) return std::move(*plain);
  }
  auto written = text_value(text);
  if (is_yaml_text(text) && reads_as(written, type, octets)) return written;
  std::string generic = "\\# " + std::to_string(rdata.size());
  if (!rdata.empty()) generic += ' ';
  dns::append_hex(generic, rdata);
  return text_value(std::move(generic));
}

}  // namespace taproot::zonestore
