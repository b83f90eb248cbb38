#include "server/config_sections.hpp"
#include "server/config_tls.hpp"

#include <utility>

namespace taproot::server {

namespace {

constexpr std::string_view any = "any";

void read_keys(MapReader& map, const ConfigScope& scope, const Config& config, UpdateRule& rule) {
  const auto* node = map.need("key", "write key: NAME of one of keys:, updates are always signed");
  if (node == nullptr) return;
  for (const auto* item : read_items(*node, "update.key", scope.findings)) {
    auto name = read_name(*item, "update.key", scope.findings);
    if (!name) continue;
    if (config.find_key(*name) == nullptr) {
      std::vector<std::string> known;
      known.reserve(config.keys.size());
      for (const auto& key : config.keys) known.push_back(key.name.to_text());
      const auto meant = nearest(name->to_text(), known);
      scope.findings.error(item->place, "config-unknown-reference",
                           "there is no key " + name->to_text(),
                           meant ? "did you mean \"" + *meant + "\"?" : "add it to keys:");
    }
    rule.keys.push_back(std::move(*name));
  }
}

void read_names(MapReader& map, const ConfigScope& scope, UpdateRule& rule) {
  constexpr const char* cure =
      "write names: [www] for a name, \"*.team\" for all below one, \"_acme-challenge.*\" for that "
      "label before any, self for the key's own name";
  const auto* node = map.need("names", cure);
  if (node == nullptr) return;
  for (const auto* item : read_items(*node, "update.names", scope.findings)) {
    const auto text = read_text(*item, "update.names", scope.findings);
    if (!text) continue;
    auto names = UpdateNames::from_text(*text);
    if (names) {
      rule.names.push_back(std::move(*names));
    } else {
      scope.findings.error(item->place, "config-bad-name", "update.names: " + names.error().detail,
                           cure);
    }
  }
}

void read_types(MapReader& map, const ConfigScope& scope, UpdateRule& rule) {
  const auto* node = map.need("types", "write types: [TXT], or types: any");
  if (node == nullptr) return;
  for (const auto* item : read_items(*node, "update.types", scope.findings)) {
    const auto text = read_text(*item, "update.types", scope.findings);
    if (!text) continue;
    const auto type =
        *text == any ? Result<dns::RRType>(dns::RRType::none) : dns::rrtype_from_text(*text);
    if (*text == any) {
      rule.any_type = true;
    } else if (type && !dns::is_meta(*type)) {
      rule.types.push_back(*type);
    } else {
      scope.findings.error(item->place, "config-bad-value",
                           "update.types: \"" + *text + "\" is no type that a zone has",
                           "write [TXT], [A, AAAA] or any");
    }
  }
}

void read_from(MapReader& map, const ConfigScope& scope, UpdateRule& rule) {
  const auto* node = map.find("from");
  if (node == nullptr) return;
  for (const auto* item : read_items(*node, "update.from", scope.findings)) {
    const auto text = read_text(*item, "update.from", scope.findings);
    if (!text) continue;
    const auto prefix = net::Prefix::from_text(*text);
    if (prefix) {
      rule.who.from.push_back(*prefix);
    } else {
      scope.findings.error(item->place, "config-bad-address",
                           "update.from: \"" + *text + "\" is not an address or prefix",
                           "write 192.0.2.1, 192.0.2.0/24 or \"2001:db8::/32\"");
    }
  }
  if (node->kind == ConfigNode::Kind::list && node->items.empty()) {
    scope.findings.error(node->place, "config-bad-value", "update.from names nobody",
                         "leave it out if the key alone is to do");
  }
}

}  // namespace

UpdateRules read_updates(MapReader& map, const ConfigScope& scope, const Config& config) {
  const auto* node = map.find("update");
  if (node == nullptr) return nullptr;
  std::vector<UpdateRule> rules;
  for (const auto* item : read_items(*node, "update", scope.findings)) {
    MapReader entry(*item, scope.findings, "update");
    UpdateRule rule;
    read_keys(entry, scope, config, rule);
    read_names(entry, scope, rule);
    read_types(entry, scope, rule);
    read_from(entry, scope, rule);
    read_tls_access(entry, scope, rule.who);
    entry.finish();
    rules.push_back(std::move(rule));
  }
  if (rules.empty()) return nullptr;
  return std::make_shared<const std::vector<UpdateRule>>(std::move(rules));
}

void check_updates(const ZoneConfig& zone, ConfigPlace place, const ConfigScope& scope) {
  if (!zone.update) return;
  for (const auto& rule : *zone.update) {
    for (const auto& names : rule.names) {
      const auto& absolute = names.absolute();
      if (!absolute || absolute->is_subdomain_of(zone.name)) continue;
      scope.findings.error(
          place, "config-bad-name",
          "update.names: " + names.text() + " does not lie in " + zone.name.to_text(),
          "write names relative to the zone, without a dot at the end");
    }
  }
}

}  // namespace taproot::server
