#include "server/config_sections.hpp"
#include "zonestore/catalog.hpp"

#include <algorithm>
#include <array>

namespace taproot::server {

namespace {

constexpr std::array<std::string_view, 2> vanished_choices{"keep", "drop"};

/// "nsd-frankfurt, knot-berlin"
std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// A catalog goes where zones go by transfer.
void check_providers(const MapReader& map, const ConfigScope& scope, const Config& config,
                     const ZoneConfig& zone) {
  if (zone.providers.empty()) {
    scope.findings.error(map.place(), "config-missing-key", "catalog has no providers",
                         "write providers: [NAME]: its members are the zones that they get");
  }
  for (const auto& name : zone.providers) {
    const auto* provider = config.find_provider(name);
    if (provider == nullptr || provider->kind == ProviderKind::transfer) continue;
    scope.findings.error(map.place(), "config-wrong-kind",
                         "provider " + name + " takes no transfers, and so no catalog",
                         "name providers of kind transfer");
  }
}

void read_made(const MapReader& map, const ConfigScope& scope, const Config& config,
               ZoneConfig& zone) {
  check_providers(map, scope, config, zone);
  SourceConfig source;
  source.is_catalog = true;
  source.shown = "the zones of " + joined(zone.providers);
  zone.shown = source.shown;
  zone.sources.push_back(std::move(source));
  // There is no serial that could be kept.
  if (zone.serial == zonestore::SerialPolicy::keep) {
    zone.serial = zonestore::SerialPolicy::increment;
  }
}

void keep_serial(const MapReader& map, ZoneConfig& zone) {
  if (!map.has("serial")) zone.serial = zonestore::SerialPolicy::keep;
}

/// Members are transferred from where the catalog is, unless something else is said.
void read_members(MapReader& catalog_map, const ConfigScope& scope, const ZoneDefaults& defaults,
                  const Config& config, const ZoneConfig& zone, CatalogConfig& catalog) {
  auto& members = catalog.members;
  const ConfigNode empty{ConfigNode::Kind::map, catalog_map.place(), {}, {}, {}};
  const auto* node = catalog_map.find("members");
  MapReader map(node != nullptr ? *node : empty, scope.findings, "members");
  read_zone_settings(map, scope, defaults, config, members);
  keep_serial(map, members);
  if (map.has("source")) {
    members.name = catalog.name;
    if (read_sources(map, scope, config, members) && members.follow() == nullptr) {
      scope.findings.error(map.place(), "config-wrong-kind", "members come by transfer",
                           "write source: {transfer: ADDRESS}");
    }
  } else {
    SourceConfig source = zone.sources.front();
    auto follow = std::make_shared<FollowConfig>(*source.follow);
    follow->is_catalog = false;
    source.follow = std::move(follow);
    members.sources = {std::move(source)};
    members.shown = zone.shown;
  }
  if (const auto* vanished = map.find("vanished")) {
    const auto chosen = read_choice(*vanished, "vanished", vanished_choices, scope.findings);
    catalog.drops_vanished = chosen == std::size_t{1};
  }
  members.directory = catalog.home();
  map.finish();
}

bool read_followed(MapReader& map, const ConfigScope& scope, const ZoneDefaults& defaults,
                   const Config& config, ZoneConfig& zone, CatalogConfig& catalog) {
  if (!read_sources(map, scope, config, zone)) return false;
  if (zone.follow() == nullptr) {
    scope.findings.error(map.place(), "config-wrong-kind",
                         "a catalog is made here, or comes by transfer",
                         "write source: {transfer: ADDRESS}, or no source and providers: [NAME]");
    return false;
  }
  keep_serial(map, zone);
  auto follow = std::make_shared<FollowConfig>(*zone.follow());
  follow->is_catalog = true;
  zone.sources.front().follow = std::move(follow);
  read_members(map, scope, defaults, config, zone, catalog);
  return true;
}

void read_catalog(const ConfigNode& node, const ConfigScope& scope, const ZoneDefaults& defaults,
                  Config& config) {
  MapReader map(node, scope.findings, "catalog");
  const auto* name_node = map.need("name", "write name: catalog.example.com");
  const auto name = name_node != nullptr ? read_name(*name_node, "catalog", scope.findings)
                                         : std::optional<dns::Name>();
  ZoneConfig zone;
  CatalogConfig catalog;
  catalog.name = zone.name = name.value_or(dns::Name::root());
  read_zone_settings(map, scope, defaults, config, zone);
  catalog.is_made = !map.has("source");
  if (catalog.is_made) {
    read_made(map, scope, config, zone);
  } else if (!read_followed(map, scope, defaults, config, zone, catalog)) {
    (void)map.find("members");
    map.finish();
    return;
  }
  map.finish();
  if (!name) return;
  if (name->size() > zonestore::max_catalog_name) {
    scope.findings.error(name_node->place, "config-bad-name", "the catalog's name is too long",
                         "its members need room below it: 180 octets at most");
  }
  if (config.find_zone(*name) != nullptr) {
    scope.findings.error(name_node->place, "config-zone-twice",
                         name->to_text() + " is a zone or another catalog already",
                         "keep one of the two");
    return;
  }
  config.zones.push_back(std::make_shared<const ZoneConfig>(std::move(zone)));
  config.catalogs.push_back(std::move(catalog));
}

}  // namespace

void read_catalogs_section(const ConfigNode& node, const ConfigScope& scope,
                           const ZoneDefaults& defaults, Config& config) {
  for (const auto* item : read_items(node, "catalogs", scope.findings)) {
    read_catalog(*item, scope, defaults, config);
  }
}

}  // namespace taproot::server
