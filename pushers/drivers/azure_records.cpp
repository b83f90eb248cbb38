#include "pushers/drivers/azure_records.hpp"

#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace taproot::pushers {

namespace {

using dns::RRType;
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

struct Field {
  const char* name;
  bool is_number = false;
};

/// The member that holds the records of a type, and theirs in the order of presentation format.
struct Spelling {
  const char* member;
  std::vector<Field> fields;
  bool is_single = false;  ///< one object instead of a list of them
};

Spelling spelling_of(RRType type) {
  switch (type) {
    case RRType::A:
      return {"ARecords", {{"ipv4Address"}}};
    case RRType::AAAA:
      return {"AAAARecords", {{"ipv6Address"}}};
    case RRType::CAA:
      return {"caaRecords", {{"flags", true}, {"tag"}, {"value"}}};
    case RRType::CNAME:
      return {"CNAMERecord", {{"cname"}}, true};
    case RRType::MX:
      return {"MXRecords", {{"preference", true}, {"exchange"}}};
    case RRType::NS:
      return {"NSRecords", {{"nsdname"}}};
    case RRType::PTR:
      return {"PTRRecords", {{"ptrdname"}}};
    case RRType::SRV:
      return {"SRVRecords", {{"priority", true}, {"weight", true}, {"port", true}, {"target"}}};
    default:
      return {"TXTRecords", {{"value"}}};
  }
}

OrderedJson strings_of(Octets rdata) {
  OrderedJson strings = OrderedJson::array();
  while (!rdata.empty()) {
    const Octets one = rdata.subspan(1, std::min<std::size_t>(rdata[0], rdata.size() - 1));
    strings.push_back(std::string(one.begin(), one.end()));
    rdata = rdata.subspan(1 + one.size());
  }
  return strings;
}

OrderedJson record_of(RRType type, const Spelling& spelling, Octets rdata) {
  OrderedJson record = OrderedJson::object();
  if (type == RRType::TXT) {
    record["value"] = strings_of(rdata);
    return record;
  }
  const auto pieces = pieces_of(type, rdata);
  for (std::size_t i = 0; i < spelling.fields.size(); ++i) {
    const Field& field = spelling.fields[i];
    if (field.is_number) {
      record[field.name] = number_in(pieces[i]);
    } else {
      record[field.name] = pieces[i];
    }
  }
  return record;
}

/// Azure has spelled these members with capitals and without.
const Json* find_any_case(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [name, value] : object.items()) {
    const bool is_it = std::equal(name.begin(), name.end(), key.begin(), key.end(),
                                  [&](char a, char b) { return lower(a) == lower(b); });
    if (is_it) return &value;
  }
  return nullptr;
}

tl::unexpected<Error> bad(RRType type) {
  return fail(Errc::bad_answer, "a " + dns::to_text(type) + " record lacks a field");
}

Result<dns::Rdata> text_record(const Json& record) {
  const Json* strings = find(record, "value");
  if (strings == nullptr || !strings->is_array() || strings->empty()) return bad(RRType::TXT);
  std::string text;
  for (const auto& one : *strings) {
    const auto* octets = one.get_ptr<const std::string*>();
    if (octets == nullptr) return bad(RRType::TXT);
    text += (text.empty() ? "" : " ") + quoted_string(*octets);
  }
  return rdata_of(RRType::TXT, {text});
}

Result<dns::Rdata> read_record(RRType type, const Spelling& spelling, const Json& record) {
  if (type == RRType::TXT) return text_record(record);
  std::vector<std::string> pieces;
  for (const auto& field : spelling.fields) {
    const auto number = number_of(record, field.name);
    const auto* text = find_text(record, field.name);
    if (field.is_number ? !number.has_value() : text == nullptr) return bad(type);
    pieces.push_back(field.is_number ? std::to_string(*number) : *text);
  }
  return rdata_of(type, pieces);
}

}  // namespace

const std::vector<RRType>& azure_types() {
  static const std::vector<RRType> types{RRType::A,     RRType::AAAA, RRType::CAA,
                                         RRType::CNAME, RRType::MX,   RRType::NS,
                                         RRType::PTR,   RRType::SRV,  RRType::TXT};
  return types;
}

std::string azure_properties(const dns::RRset& rrset) {
  const auto spelling = spelling_of(rrset.type);
  OrderedJson properties{{"TTL", rrset.ttl}};
  for (const auto& rdata : rrset.rdata) {
    auto record = record_of(rrset.type, spelling, rdata.wire());
    if (spelling.is_single) {
      properties[spelling.member] = std::move(record);
    } else {
      properties[spelling.member].push_back(std::move(record));
    }
  }
  return properties.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<std::vector<dns::Rdata>> azure_rdata(RRType type, std::string_view properties) {
  const Json json = Json::parse(properties, nullptr, false);
  const auto spelling = spelling_of(type);
  std::vector<dns::Rdata> all;
  const Json* member = find_any_case(json, spelling.member);
  if (member == nullptr || member->is_null()) return all;
  const Json records = spelling.is_single ? Json::array({*member}) : *member;
  if (!records.is_array()) return bad(type);
  for (const auto& record : records) {
    auto rdata = read_record(type, spelling, record);
    if (!rdata) return tl::unexpected(rdata.error());
    all.push_back(std::move(*rdata));
  }
  return all;
}

}  // namespace taproot::pushers
