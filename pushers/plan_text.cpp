#include "dns/presentation.hpp"
#include "pushers/plan.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace taproot::pushers {

namespace {

using Json = nlohmann::ordered_json;

/// A line of a plan stays readable; the JSON has everything.
constexpr std::size_t max_value_size = 400;

/// "300 192.0.2.1, 192.0.2.2"
std::string values(const dns::RRset& rrset) {
  std::string text = std::to_string(rrset.ttl);
  std::string_view between = " ";
  for (const auto& rdata : rrset.rdata) {
    if (text.size() > max_value_size) {
      return text + ", ... (" + std::to_string(rrset.rdata.size()) + " records)";
    }
    text += between;
    text += dns::rdata_to_text(rrset.type, rdata.wire());
    between = ", ";
  }
  return text;
}

std::string line_of(const PlannedChange& change) {
  const std::string where = change.key().to_text();
  if (change.is_create()) return "+ create " + where + " " + values(*change.after);
  if (change.is_delete()) return "- delete " + where + " " + values(*change.before);
  return "~ update " + where + " (" + values(*change.before) + ") -> (" + values(*change.after) +
         ")";
}

Json json_of(const dns::RRset& rrset) {
  Json records = Json::array();
  for (const auto& rdata : rrset.rdata) {
    records.push_back(dns::rdata_to_text(rrset.type, rdata.wire()));
  }
  return {{"ttl", rrset.ttl}, {"records", std::move(records)}};
}

Json json_of(const PlannedChange& change) {
  const char* action = change.is_create() ? "create" : change.is_delete() ? "delete" : "update";
  Json json = {{"action", action},
               {"owner", change.rrset().owner.to_text()},
               {"type", dns::to_text(change.rrset().type)}};
  if (change.before) json["before"] = json_of(*change.before);
  if (change.after) json["after"] = json_of(*change.after);
  return json;
}

Json json_of(const Note& note) {
  Json json = {{"kind", to_text(note.kind)}};
  if (note.where) {
    json["owner"] = note.where->owner.to_text();
    json["type"] = dns::to_text(note.where->type);
  }
  json["words"] = note.words;
  return json;
}

struct Totals {
  std::size_t create = 0;
  std::size_t update = 0;
  std::size_t remove = 0;
};

Totals totals_of(const Plan& plan) {
  Totals totals;
  for (const auto& change : plan.changes) {
    ++(change.is_create() ? totals.create : change.is_delete() ? totals.remove : totals.update);
  }
  return totals;
}

}  // namespace

std::string to_text(NoteKind kind) {
  switch (kind) {
    case NoteKind::omitted:
      return "omitted";
    case NoteKind::adjusted:
      return "adjusted";
    case NoteKind::foreign:
      return "foreign";
    case NoteKind::drift:
      return "drift";
    case NoteKind::conflict:
      return "conflict";
    case NoteKind::zone:
      return "zone";
  }
  return "unknown";
}

std::string Note::to_text() const {
  const std::string what = pushers::to_text(kind);
  return where ? what + " " + where->to_text() + ": " + words : what + ": " + words;
}

std::string summary(const Plan& plan) {
  const Totals totals = totals_of(plan);
  return "Plan: " + std::to_string(totals.create) + " to create, " + std::to_string(totals.update) +
         " to change, " + std::to_string(totals.remove) + " to delete";
}

std::string Plan::to_text() const {
  std::string text = apex.to_text() + " at " + provider + ", version " + std::to_string(version) +
                     ", serial " + std::to_string(serial.value()) + ", plan " + id() + "\n";
  for (const auto& change : changes) text += "  " + line_of(change) + "\n";
  for (const auto& note : notes) text += "  ! " + note.to_text() + "\n";
  if (blocked) text += "  ! blocked: " + *blocked + "\n";
  return text + summary(*this) + "\n";
}

std::string Plan::to_json() const {
  const Totals totals = totals_of(*this);
  Json json = {
      {"zone", apex.to_text()},       {"provider", provider},          {"plan", id()},
      {"version", version},           {"serial", serial.value()},      {"live_hash", live_hash},
      {"desired_hash", desired_hash}, {"create", totals.create},       {"update", totals.update},
      {"delete", totals.remove},      {"conflicts", counts.conflicts}, {"omitted", counts.omitted}};
  json["blocked"] = blocked ? Json(*blocked) : Json(nullptr);
  json["changes"] = Json::array();
  for (const auto& change : changes) json["changes"].push_back(json_of(change));
  json["notes"] = Json::array();
  for (const auto& note : notes) json["notes"].push_back(json_of(note));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace taproot::pushers
