#include "server/update_policy.hpp"

#include <algorithm>
#include <array>

namespace taproot::server {

namespace {

using dns::RRType;
using dns::UpdateChange;

constexpr std::size_t max_name = 255;
/// Rules named in a refusal; more do not explain it better.
constexpr std::size_t max_rules_told = 4;

constexpr std::array guarded{RRType::SOA,    RRType::NS,   RRType::DS,      RRType::DNSKEY,
                             RRType::RRSIG,  RRType::NSEC, RRType::NSEC3,   RRType::NSEC3PARAM,
                             RRType::ZONEMD, RRType::CDS,  RRType::CDNSKEY, RRType::CSYNC,
                             RRType::DNAME};

std::string labels_of(const dns::Name& name) {
  const Octets wire = name.wire();
  return {reinterpret_cast<const char*>(wire.data()), wire.size() - 1};
}

/// Labels before a name; nothing if that is too long to be one.
std::optional<dns::Name> joined(const std::string& labels, const dns::Name& name) {
  if (labels.size() + name.size() > max_name) return std::nullopt;
  std::string wire = labels;
  wire.append(reinterpret_cast<const char*>(name.wire().data()), name.size());
  return dns::Name::from_trusted({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
}

bool begins_with(Octets wire, const std::string& labels) {
  return wire.size() > labels.size() &&
         std::equal(labels.begin(), labels.end(), wire.begin(), [](char a, std::uint8_t b) {
           return dns::lower(static_cast<std::uint8_t>(a)) == dns::lower(b);
         });
}

/// Takes `end` off the end of `text`; false if it does not stand there.
bool take_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

bool has_key(const UpdateRule& rule, const Updater& who) {
  return std::find(rule.keys.begin(), rule.keys.end(), who.key) != rule.keys.end();
}

xfr::Requester requester_of(const Updater& who) {
  return {who.address, who.key, who.tls};
}

bool is_of(const UpdateRule& rule, const Updater& who) {
  return has_key(rule, who) && xfr::meets(rule.who, requester_of(who));
}

/// Of the rules of its key the one that comes nearest: what it lacks for it.
std::string nearest_lack(const std::vector<UpdateRule>& rules, const Updater& who) {
  std::vector<std::string> nearest;
  for (const auto& rule : rules) {
    if (!has_key(rule, who)) continue;
    auto parts = xfr::lacking(rule.who, requester_of(who), "from");
    if (nearest.empty() || parts.size() < nearest.size()) nearest = std::move(parts);
  }
  std::string text;
  for (const auto& part : nearest) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool names_type(const UpdateRule& rule, RRType type) {
  return std::find(rule.types.begin(), rule.types.end(), type) != rule.types.end();
}

bool has_type(const UpdateRule& rule, const UpdateChange& change) {
  if (change.kind == UpdateChange::Kind::remove_name) return rule.any_type;
  return names_type(rule, change.type) || (rule.any_type && !is_guarded(change.type));
}

std::string to_text(const UpdateRule& rule) {
  std::string text = "names";
  for (const auto& names : rule.names) text += " " + names.text();
  text += " types";
  if (rule.any_type) text += " any";
  for (const auto type : rule.types) text += " " + dns::to_text(type);
  return text;
}

std::string told_rules(const std::vector<UpdateRule>& rules, const Updater& who) {
  std::string text;
  std::size_t told = 0;
  for (const auto& rule : rules) {
    if (!is_of(rule, who) || ++told > max_rules_told) continue;
    text += (told == 1 ? "" : "; ") + to_text(rule);
  }
  if (told > max_rules_told) text += "; and " + std::to_string(told - max_rules_told) + " more";
  return text;
}

std::string shown(const UpdateChange& change, const dns::Name& zone) {
  const bool is_name = change.kind == UpdateChange::Kind::remove_name;
  return change.owner.to_text_in(zone) +
         (is_name ? " as a whole" : " " + dns::to_text(change.type));
}

/// The entry that would let it pass.
std::string cure(const UpdateChange& change, const dns::Name& zone, const Updater& who) {
  const bool is_name = change.kind == UpdateChange::Kind::remove_name;
  return "to allow it, add to update: of " + zone.to_text() + " {key: " + who.key.to_text() +
         (who.tls != nullptr ? ", transport: tls" : "") + ", names: [\"" +
         change.owner.to_text_in(zone) + "\"], types: [" +
         (is_name ? "any" : dns::to_text(change.type)) + "]}";
}

}  // namespace

bool is_guarded(RRType type) {
  return std::find(guarded.begin(), guarded.end(), type) != guarded.end();
}

Result<UpdateNames> UpdateNames::from_text(std::string_view text) {
  UpdateNames names;
  names.text_ = std::string(text);
  std::string_view rest = text;
  if (rest == "@") return names;
  if (rest == "*" || rest.starts_with("*.")) {
    names.kind_ = Kind::below;
    rest.remove_prefix(std::min<std::size_t>(2, rest.size()));
  } else if (take_end(rest, ".*")) {
    names.kind_ = Kind::before;
  }
  if (names.kind_ != Kind::before && (rest == "self" || take_end(rest, ".self"))) {
    names.of_key_ = true;
    if (rest == "self") rest = {};
  }
  if (rest.empty()) {
    if (text.empty()) return fail(Errc::bad_text, "a name is missing; the apex is \"@\"");
    return names;
  }
  auto name = dns::Name::from_text(rest);
  if (!name) return fail(Errc::bad_text, "\"" + names.text_ + "\": " + name.error().detail);
  if (rest.back() == '.') {
    if (names.of_key_ || names.kind_ == Kind::before) {
      return fail(Errc::bad_text, "\"" + names.text_ + "\" has a dot that does not belong there");
    }
    names.absolute_ = std::move(*name);
  } else {
    names.labels_ = labels_of(*name);
  }
  if (names.labels_.find("\001*") == 0 && names.kind_ == Kind::before) {
    return fail(Errc::bad_text, "\"" + names.text_ + "\" has two stars");
  }
  return names;
}

std::optional<dns::Name> UpdateNames::base(const dns::Name& apex, const dns::Name& key) const {
  if (absolute_) return absolute_;
  return joined(labels_, of_key_ ? key : apex);
}

bool UpdateNames::match(const dns::Name& owner, const dns::Name& apex, const dns::Name& key) const {
  if (!owner.is_subdomain_of(apex)) return false;
  if (kind_ == Kind::before) {
    if (!begins_with(owner.wire(), labels_)) return false;
    const auto rest = dns::Name::from_trusted(owner.wire().subspan(labels_.size()));
    return rest.is_subdomain_of(apex) && rest != apex;
  }
  const auto wanted = base(apex, key);
  if (!wanted) return false;
  if (kind_ == Kind::name) return owner == *wanted;
  return owner.is_subdomain_of(*wanted) && owner != *wanted;
}

std::optional<std::string> why_no_updater(const UpdateRules& rules, const dns::Name& apex,
                                          const Updater& who) {
  if (rules && std::any_of(rules->begin(), rules->end(),
                           [&](const UpdateRule& rule) { return is_of(rule, who); })) {
    return std::nullopt;
  }
  const std::string text = "it may change nothing here; ";
  if (const auto lack = rules ? nearest_lack(*rules, who) : ""; !lack.empty()) {
    return text + "for update: of " + apex.to_text() + " it lacks " + lack;
  }
  return text + "to allow it, give " + apex.to_text() + " update: [{key: " + who.key.to_text() +
         ", names: [...], types: [...]}]";
}

std::optional<std::string> why_not_allowed(const UpdateRules& rules, const Updater& who,
                                           dns::Update& update) {
  for (auto& change : update.changes) {
    std::vector<const UpdateRule*> of_name;
    for (const auto& rule : *rules) {
      if (!is_of(rule, who)) continue;
      const bool matches =
          std::any_of(rule.names.begin(), rule.names.end(), [&](const UpdateNames& names) {
            return names.match(change.owner, update.zone, who.key);
          });
      if (matches) of_name.push_back(&rule);
    }
    const bool is_allowed = std::any_of(of_name.begin(), of_name.end(),
                                        [&](const auto* rule) { return has_type(*rule, change); });
    if (!is_allowed) {
      return "it may not change " + shown(change, update.zone) + "; it may change " +
             told_rules(*rules, who) + "; " + cure(change, update.zone, who);
    }
    if (change.kind != UpdateChange::Kind::remove_name) continue;
    for (const RRType type : guarded) {
      const bool is_named = std::any_of(of_name.begin(), of_name.end(),
                                        [&](const auto* rule) { return names_type(*rule, type); });
      if (!is_named) change.spares.push_back(type);
    }
  }
  return std::nullopt;
}

}  // namespace taproot::server
