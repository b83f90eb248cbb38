#include "pushers/drivers/dyn_record.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRType;

enum class Kind { text, number, name };

struct Field {
  const char* member;
  Kind kind = Kind::text;
};

/// In the order of presentation format.
std::vector<Field> fields_of(RRType type) {
  using enum Kind;
  switch (type) {
    case RRType::A:
    case RRType::AAAA:
      return {{"address"}};
    case RRType::CAA:
      return {{"flags", number}, {"tag"}, {"value"}};
    case RRType::CNAME:
      return {{"cname", name}};
    case RRType::DNAME:
      return {{"dname", name}};
    case RRType::DS:
      return {{"keytag", number}, {"algorithm", number}, {"digtype", number}, {"digest"}};
    case RRType::MX:
      return {{"preference", number}, {"exchange", name}};
    case RRType::NAPTR:
      return {{"order", number}, {"preference", number}, {"flags"}, {"services"},
              {"regexp"},        {"replacement", name}};
    case RRType::NS:
      return {{"nsdname", name}};
    case RRType::PTR:
      return {{"ptrdname", name}};
    case RRType::SRV:
      return {{"priority", number}, {"weight", number}, {"port", number}, {"target", name}};
    case RRType::SSHFP:
      return {{"algorithm", number}, {"fptype", number}, {"fingerprint"}};
    case RRType::TLSA:
      return {
          {"cert_usage", number}, {"selector", number}, {"match_type", number}, {"certificate"}};
    case RRType::SPF:
    case RRType::TXT:
      return {{"txtdata"}};
    default:
      return {};
  }
}

bool is_text(RRType type) {
  return type == RRType::TXT || type == RRType::SPF;
}

/// A text, or a number as one; nothing of anything else.
std::optional<std::string> value_of(const Json& object, const char* member) {
  if (const auto* text = find_text(object, member)) return *text;
  const auto number = number_of(object, member);
  return number ? std::optional(std::to_string(*number)) : std::nullopt;
}

/// Texts come as they are, or as strings with quotes.
Result<dns::Rdata> text_from_dyn(RRType type, const std::string& text) {
  if (text.starts_with('"')) return dns::rdata_from_text(type, text, dns::Name::root());
  return in_strings(text);
}

}  // namespace

const std::vector<RRType>& dyn_types() {
  static const std::vector<RRType> types{RRType::A,     RRType::AAAA, RRType::CAA, RRType::CNAME,
                                         RRType::DNAME, RRType::DS,   RRType::MX,  RRType::NAPTR,
                                         RRType::NS,    RRType::PTR,  RRType::SPF, RRType::SRV,
                                         RRType::SSHFP, RRType::TLSA, RRType::TXT};
  return types;
}

std::string dyn_rdata(RRType type, Octets rdata) {
  OrderedJson object = OrderedJson::object();
  if (is_text(type)) {
    object["txtdata"] = dns::rdata_to_text(type, rdata);
  } else {
    const auto pieces = pieces_of(type, rdata);
    const auto fields = fields_of(type);
    for (std::size_t i = 0; i < std::min(fields.size(), pieces.size()); ++i) {
      auto& value = object[fields[i].member];
      if (fields[i].kind == Kind::number) {
        value = number_in(pieces[i]);
      } else {
        value = fields[i].kind == Kind::name ? with_dot(pieces[i]) : pieces[i];
      }
    }
  }
  return object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<dns::Rdata> rdata_from_dyn(RRType type, std::string_view object) {
  const Json json = Json::parse(object, nullptr, false);
  const auto fields = fields_of(type);
  std::vector<std::string> pieces;
  for (const auto& field : fields) {
    auto value = value_of(json, field.member);
    if (!value) return fail(Errc::bad_answer, "a " + dns::to_text(type) + " record lacks a field");
    pieces.push_back(field.kind == Kind::name ? without_dot(std::move(*value)) : std::move(*value));
  }
  if (fields.empty()) return fail(Errc::bad_answer, "a record of a type that is not known");
  if (is_text(type)) return text_from_dyn(type, pieces.front());
  return rdata_of(type, pieces);
}

}  // namespace taproot::pushers
