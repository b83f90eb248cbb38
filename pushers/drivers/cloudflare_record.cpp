#include "pushers/drivers/cloudflare_record.hpp"

#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace taproot::pushers {

namespace {

using dns::RRType;
using Json = nlohmann::json;

struct NamedField {
  const char* name;
  bool is_number = false;
};

/// Members of `data` in the order of presentation format; none: the type is spelled as `content`.
std::vector<NamedField> fields_of(RRType type) {
  switch (type) {
    case RRType::SRV:
      return {{"priority", true}, {"weight", true}, {"port", true}, {"target"}};
    case RRType::CAA:
      return {{"flags", true}, {"tag"}, {"value"}};
    case RRType::DS:
      return {{"key_tag", true}, {"algorithm", true}, {"digest_type", true}, {"digest"}};
    case RRType::TLSA:
    case RRType::SMIMEA:
      return {{"usage", true}, {"selector", true}, {"matching_type", true}, {"certificate"}};
    case RRType::SSHFP:
      return {{"algorithm", true}, {"type", true}, {"fingerprint"}};
    case RRType::NAPTR:
      return {{"order", true}, {"preference", true}, {"flags"}, {"service"},
              {"regex"},       {"replacement"}};
    case RRType::HTTPS:
    case RRType::SVCB:
      return {{"priority", true}, {"target"}, {"value"}};
    default:
      return {};
  }
}

tl::unexpected<Error> bad(RRType type) {
  return fail(Errc::bad_answer, "a " + dns::to_text(type) + " record lacks a field");
}

std::optional<std::string> field_text(const Json& data, const NamedField& field) {
  if (field.is_number) {
    const auto number = number_of(data, field.name);
    return number ? std::optional(std::to_string(*number)) : std::nullopt;
  }
  const auto* text = find_text(data, field.name);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

Result<dns::Rdata> rdata_of_data(RRType type, const Json& record,
                                 const std::vector<NamedField>& fields) {
  const Json* data = find(record, "data");
  if (data == nullptr || !data->is_object()) return bad(type);
  std::vector<std::string> pieces;
  for (const auto& field : fields) {
    const auto one = field_text(*data, field);
    if (!one && std::string_view(field.name) == "value" && type != RRType::CAA) break;
    if (!one) return bad(type);
    pieces.push_back(*one);
  }
  return rdata_of(type, pieces);
}

Result<dns::Rdata> rdata_of_content(RRType type, const Json& record) {
  const auto* content = find_text(record, "content");
  if (content == nullptr) return bad(type);
  if (type == RRType::TXT) {
    return rdata_of(type, {content->starts_with('"') ? *content : quoted_string(*content)});
  }
  if (type != RRType::MX) return rdata_of(type, {*content});
  const auto priority = number_of(record, "priority");
  if (!priority) return bad(type);
  return rdata_of(type, {std::to_string(*priority), *content});
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
  const auto pieces = pieces_of(type, rdata);
  auto record = nlohmann::ordered_json::object();
  const auto fields = fields_of(type);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto& member = record["data"][fields[i].name];
    if (fields[i].is_number) {
      member = number_in(pieces[i]);
    } else {
      member = pieces[i];
    }
  }
  if (fields.empty()) {
    if (type == RRType::MX) record["priority"] = number_in(pieces.front());
    record["content"] = pieces.back();
  }
  return record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<dns::Rdata> cloudflare_rdata(RRType type, std::string_view record) {
  const Json json = Json::parse(record, nullptr, false);
  if (!json.is_object()) return fail(Errc::bad_answer, "a record is not an object");
  const auto fields = fields_of(type);
  return fields.empty() ? rdata_of_content(type, json) : rdata_of_data(type, json, fields);
}

}  // namespace taproot::pushers
