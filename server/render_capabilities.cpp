#include "server/render_capabilities.hpp"

#include "server/render_text.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <vector>

namespace taproot::server {

namespace {

using nlohmann::ordered_json;
using pushers::ApexNs;
using pushers::Capabilities;
using pushers::DriverStatus;

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

std::vector<std::string> names_of(const std::vector<dns::RRType>& types) {
  std::vector<std::string> names;
  names.reserve(types.size());
  for (const auto type : types) names.push_back(dns::to_text(type));
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

const char* word_of(ApexNs policy) {
  switch (policy) {
    case ApexNs::ignore:
      return "ignore";
    case ApexNs::join:
      return "join";
    case ApexNs::manage:
      return "manage";
  }
  return "ignore";
}

/// Null where there is no limit.
ordered_json limit(std::size_t value) {
  return value == unlimited ? ordered_json(nullptr) : ordered_json(value);
}

std::string limit_text(std::size_t value) {
  return value == unlimited ? "any number" : std::to_string(value);
}

std::string types_text(const Capabilities& can) {
  if (!can.every_type) return joined(names_of(can.types));
  return "all but " + joined(names_of(can.refused));
}

std::string ttl_text(const Capabilities& can) {
  std::string text = std::to_string(can.ttl.min) + " to " + std::to_string(can.ttl.max);
  if (can.ttl.allowed.empty()) return text;
  text = "one of";
  for (const auto ttl : can.ttl.allowed) text += " " + std::to_string(ttl);
  return text;
}

std::string txt_text(const Capabilities& can) {
  std::string text = std::to_string(can.txt.max_total) + " octets in strings of " +
                     std::to_string(can.txt.max_chunk);
  if (can.txt.max_of_rrset < can.txt.max_total) {
    text += ", " + std::to_string(can.txt.max_of_rrset) + " in one RRset";
  }
  if (can.txt.max_written < can.txt.max_total) {
    text += ", " + std::to_string(can.txt.max_written) + " characters when written";
  }
  if (can.txt.ascii_only) text += ", printable ASCII only";
  if (!can.txt.empty_allowed) text += ", never empty";
  if (!can.txt.forbidden.empty()) text += ", without " + harmless(can.txt.forbidden);
  return text;
}

std::string owners_text(const Capabilities& can) {
  std::string text = can.owner_characters.empty()
                         ? "any"
                         : "letters, digits and " + harmless(can.owner_characters);
  if (can.srv_by_service) text += ", of SRV _SERVICE._PROTOCOL and what follows";
  return text;
}

}  // namespace

const char* word_of(DriverStatus status) {
  switch (status) {
    case DriverStatus::stable:
      return "stable";
    case DriverStatus::experimental:
      return "experimental";
    case DriverStatus::retired:
      return "retired";
  }
  return "stable";
}

std::string render_capabilities(const Capabilities& can) {
  Table table;
  const auto row = [&](const char* name, std::string text) {
    table.row({{name, Paint::plain}, {std::move(text), Paint::plain}});
  };
  row("kind", can.kind + ", " + word_of(can.status) + ", last checked " + can.checked_on);
  row("types", types_text(can));
  row("TTL", ttl_text(can));
  row("TXT", txt_text(can));
  row("records", limit_text(can.max_records) + " in one RRset");
  row("NS at *", can.wildcard_ns ? "yes" : "no");
  row("null MX", can.null_mx ? "yes" : "no");
  row("owners", owners_text(can));
  row("apex NS", word_of(can.apex_ns));
  row("SOA", can.soa == pushers::SoaRule::pushed ? "ours" : "the provider's own");
  row("requests", limit_text(can.batch.max_changes) + " changes, " +
                      limit_text(can.batch.max_octets) + " octets" +
                      (can.batch.atomic ? ", all or nothing" : ""));
  row("calls", can.calls_per_minute ? std::to_string(*can.calls_per_minute) + " a minute"
                                    : std::string("any number"));
  return table.to_text(false);
}

std::string capabilities_json(const Capabilities& can) {
  const ordered_json json{
      {"kind", can.kind},
      {"status", word_of(can.status)},
      {"checked_on", can.checked_on},
      {"every_type", can.every_type},
      {"types", names_of(can.types)},
      {"refused_types", names_of(can.refused)},
      {"ttl", {{"min", can.ttl.min}, {"max", can.ttl.max}, {"allowed", can.ttl.allowed}}},
      {"txt",
       {{"max_total", can.txt.max_total},
        {"max_chunk", can.txt.max_chunk},
        {"forbidden", can.txt.forbidden},
        {"ascii_only", can.txt.ascii_only},
        {"empty_allowed", can.txt.empty_allowed},
        {"chunks_matter", can.txt.chunks_matter},
        {"max_written", limit(can.txt.max_written)},
        {"max_of_rrset", limit(can.txt.max_of_rrset)}}},
      {"max_records", limit(can.max_records)},
      {"wildcard_ns", can.wildcard_ns},
      {"null_mx", can.null_mx},
      {"owner_characters", can.owner_characters},
      {"srv_by_service", can.srv_by_service},
      {"apex_ns", word_of(can.apex_ns)},
      {"keeps_own_ns", can.keeps_own_ns},
      {"soa", can.soa == pushers::SoaRule::pushed ? "pushed" : "providers"},
      {"batch",
       {{"max_changes", limit(can.batch.max_changes)},
        {"max_octets", limit(can.batch.max_octets)},
        {"atomic", can.batch.atomic}}},
      {"calls_per_minute",
       can.calls_per_minute ? ordered_json(*can.calls_per_minute) : ordered_json(nullptr)}};
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace taproot::server
