#include "pushers/drivers/cloudflare_record.hpp"

#include "dns/presentation.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace taproot::pushers {

namespace {

using dns::RRType;
using Json = nlohmann::json;

/// How a field of presentation format stands in `data`.
enum class Field {
  number,
  word,    ///< as it is
  quoted,  ///< without its quotes and escapes
  target,  ///< a name, without its last dot
  rest     ///< all that follows, as it is
};

struct NamedField {
  const char* name;
  Field kind;
};

/// Fields of a type in the order of presentation format; none: the type is spelled as `content`.
std::vector<NamedField> fields_of(RRType type) {
  switch (type) {
    case RRType::SRV:
      return {{"priority", Field::number},
              {"weight", Field::number},
              {"port", Field::number},
              {"target", Field::target}};
    case RRType::CAA:
      return {{"flags", Field::number}, {"tag", Field::word}, {"value", Field::quoted}};
    case RRType::DS:
      return {{"key_tag", Field::number},
              {"algorithm", Field::number},
              {"digest_type", Field::number},
              {"digest", Field::word}};
    case RRType::TLSA:
    case RRType::SMIMEA:
      return {{"usage", Field::number},
              {"selector", Field::number},
              {"matching_type", Field::number},
              {"certificate", Field::word}};
    case RRType::SSHFP:
      return {{"algorithm", Field::number}, {"type", Field::number}, {"fingerprint", Field::word}};
    case RRType::NAPTR:
      return {{"order", Field::number}, {"preference", Field::number},
              {"flags", Field::quoted}, {"service", Field::quoted},
              {"regex", Field::quoted}, {"replacement", Field::target}};
    case RRType::HTTPS:
    case RRType::SVCB:
      return {{"priority", Field::number}, {"target", Field::target}, {"value", Field::rest}};
    default:
      return {};
  }
}

/// Whether `content` is a name.
bool is_target(RRType type) {
  return type == RRType::CNAME || type == RRType::NS || type == RRType::PTR || type == RRType::MX;
}

void set_field(nlohmann::ordered_json& data, const NamedField& field, std::string_view& text) {
  switch (field.kind) {
    case Field::number:
      data[field.name] = number_in(take_field(text));
      break;
    case Field::word:
      data[field.name] = std::string(take_field(text));
      break;
    case Field::quoted:
      data[field.name] = unquoted_string(take_field(text));
      break;
    case Field::target:
      data[field.name] = without_dot(std::string(take_field(text)));
      break;
    case Field::rest:
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
      data[field.name] = std::string(text);
      break;
  }
}

std::optional<std::string> field_text(const Json& data, const NamedField& field) {
  const auto at = data.find(field.name);
  if (at == data.end()) return field.kind == Field::rest ? std::optional("") : std::nullopt;
  if (field.kind == Field::number) {
    if (!at->is_number_unsigned()) return std::nullopt;
    return std::to_string(at->get<std::uint64_t>());
  }
  const auto* text = at->get_ptr<const std::string*>();
  if (text == nullptr) return std::nullopt;
  if (field.kind == Field::quoted) return quoted_string(*text);
  if (field.kind == Field::target) return with_dot(*text);
  return *text;
}

tl::unexpected<Error> bad(RRType type) {
  return fail(Errc::bad_answer, "a " + dns::to_text(type) + " record lacks a field");
}

Result<std::string> text_of_data(RRType type, const Json& record,
                                 const std::vector<NamedField>& fields) {
  const auto data = record.find("data");
  if (data == record.end() || !data->is_object()) return bad(type);
  std::string text;
  for (const auto& field : fields) {
    const auto one = field_text(*data, field);
    if (!one) return bad(type);
    text += (text.empty() ? "" : " ") + *one;
  }
  return text;
}

Result<std::string> text_of_content(RRType type, const Json& record) {
  const auto* content = find_text(record, "content");
  if (content == nullptr) return bad(type);
  if (type == RRType::TXT) return content->starts_with('"') ? *content : quoted_string(*content);
  if (type != RRType::MX) return is_target(type) ? with_dot(*content) : *content;
  const auto priority = number_of(record, "priority");
  if (!priority) return bad(type);
  return std::to_string(*priority) + " " + with_dot(*content);
}

}  // namespace

const std::vector<RRType>& cloudflare_types() {
  static const std::vector<RRType> types{
      RRType::A,     RRType::AAAA,  RRType::CAA,  RRType::CNAME, RRType::DS,     RRType::HTTPS,
      RRType::MX,    RRType::NAPTR, RRType::NS,   RRType::PTR,   RRType::SMIMEA, RRType::SRV,
      RRType::SSHFP, RRType::SVCB,  RRType::TLSA, RRType::TXT};
  return types;
}

std::string cloudflare_fields(RRType type, Octets rdata) {
  const std::string all = dns::rdata_to_text(type, rdata);
  std::string_view text = all;
  auto record = nlohmann::ordered_json::object();
  if (const auto fields = fields_of(type); !fields.empty()) {
    auto data = nlohmann::ordered_json::object();
    for (const auto& field : fields) set_field(data, field, text);
    record["data"] = std::move(data);
  } else {
    if (type == RRType::MX) record["priority"] = number_in(take_field(text));
    record["content"] = is_target(type) ? without_dot(std::string(take_field(text))) : all;
  }
  return record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<dns::Rdata> cloudflare_rdata(RRType type, std::string_view record) {
  const Json json = Json::parse(record, nullptr, false);
  if (!json.is_object()) return fail(Errc::bad_answer, "a record is not an object");
  const auto fields = fields_of(type);
  const auto text = fields.empty() ? text_of_content(type, json) : text_of_data(type, json, fields);
  if (!text) return tl::unexpected(text.error());
  return dns::rdata_from_text(type, *text, dns::Name::root());
}

}  // namespace taproot::pushers
