#include "pushers/drivers/softlayer_record.hpp"

#include "dns/presentation.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace taproot::pushers {

namespace {

using dns::RRType;
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

bool is_text(RRType type) {
  return type == RRType::TXT || type == RRType::SPF;
}

/// The members that hold the numbers of a type, in the order of presentation format.
std::vector<const char*> numbers_of(RRType type) {
  if (type == RRType::MX) return {"mxPriority"};
  if (type == RRType::SRV) return {"priority", "weight", "port"};
  return {};
}

std::string dumped(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

/// The part of `text` before the first dot, taken off the front with it.
std::string take_label(std::string& text) {
  const auto dot = text.find('.');
  const std::string label = text.substr(0, dot);
  text = dot == std::string::npos ? "" : text.substr(dot + 1);
  return label;
}

}  // namespace

const std::vector<RRType>& softlayer_types() {
  static const std::vector<RRType> types{RRType::A,  RRType::AAAA, RRType::CNAME, RRType::MX,
                                         RRType::NS, RRType::SPF,  RRType::SRV,   RRType::TXT};
  return types;
}

std::string softlayer_place(const dns::Name& apex, const dns::Name& owner, RRType type) {
  std::string host = owner.to_text_in(apex);
  std::string type_text = dns::to_text(type);
  for (char& c : type_text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (type != RRType::SRV) return dumped({{"host", host}, {"type", type_text}});
  const std::string service = take_label(host);
  const std::string protocol = take_label(host);
  return dumped({{"host", host.empty() ? "@" : host},
                 {"type", type_text},
                 {"service", service},
                 {"protocol", protocol}});
}

std::string softlayer_fields(RRType type, Octets rdata) {
  OrderedJson fields = OrderedJson::object();
  if (is_text(type)) {
    fields["data"] = joined_strings(rdata);
    return dumped(fields);
  }
  const std::string all = dns::rdata_to_text(type, rdata);
  std::string_view rest = all;
  for (const char* number : numbers_of(type)) fields[number] = number_in(take_field(rest));
  fields["data"] = std::string(take_field(rest));
  return dumped(fields);
}

Result<dns::Name> softlayer_owner(const dns::Name& apex, std::string_view record) {
  const Json json = Json::parse(record, nullptr, false);
  const std::string* host = find_text(json, "host");
  if (host == nullptr) return fail(Errc::bad_answer, "a record has no host");
  const std::string service = text_of(json, "service");
  if (service.empty()) return dns::Name::from_text(host->empty() ? "@" : *host, apex);
  const std::string begin = service + "." + text_of(json, "protocol");
  const bool is_whole = *host == begin || host->starts_with(begin + ".");
  const bool is_apex = host->empty() || *host == "@";
  return dns::Name::from_text(is_whole ? *host : is_apex ? begin : begin + "." + *host, apex);
}

Result<dns::Rdata> softlayer_rdata(const dns::Name& apex, RRType type, std::string_view record) {
  const Json json = Json::parse(record, nullptr, false);
  const std::string* data = find_text(json, "data");
  if (data == nullptr) return fail(Errc::bad_answer, "a record has no data");
  if (is_text(type)) return in_strings(*data);
  std::string text;
  for (const char* number : numbers_of(type)) {
    const auto value = number_of(json, number);
    if (!value) return fail(Errc::bad_answer, std::string("a record has no ") + number);
    text += std::to_string(*value) + " ";
  }
  return dns::rdata_from_text(type, text + *data, apex);
}

}  // namespace taproot::pushers
