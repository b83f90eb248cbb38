#include "server/config_sections.hpp"
#include "server/zone_folder.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace taproot::server {

namespace {

constexpr std::array<std::string_view, 4> serials{"increment", "unixtime", "date", "keep"};
constexpr std::array<std::string_view, 2> publishes{"auto", "on-apply"};
constexpr std::array<std::string_view, 3> digests{"none", "sha384", "sha512"};

void read_guards(const ConfigNode& node, const ConfigScope& scope, ZoneDefaults& policies) {
  MapReader map(node, scope.findings, "guards");
  if (const auto* shrink = map.find("max-shrink-percent")) {
    const auto count = read_count(*shrink, "max-shrink-percent", 0, 100, scope.findings);
    if (count) policies.max_shrink_percent = static_cast<unsigned>(*count);
  }
  map.finish();
}

/// What a zone and the defaults may both say.
void read_policies(MapReader& map, const ConfigScope& scope, ZoneDefaults& policies) {
  if (const auto* node = map.find("serial")) {
    const auto chosen = read_choice(*node, "serial", serials, scope.findings);
    const auto policy = chosen ? zonestore::serial_policy_from_text(serials[*chosen])
                               : Result<zonestore::SerialPolicy>(policies.serial);
    if (policy) policies.serial = *policy;
  }
  if (const auto* node = map.find("publish")) {
    const auto chosen = read_choice(*node, "publish", publishes, scope.findings);
    if (chosen) policies.publish = *chosen == 0 ? Publish::automatic : Publish::on_apply;
  }
  if (const auto* node = map.find("zonemd")) {
    using zonestore::DigestAlgorithm;
    const auto chosen = read_choice(*node, "zonemd", digests, scope.findings);
    if (chosen) policies.zonemd.reset();
    if (chosen == 1) policies.zonemd = DigestAlgorithm::sha384;
    if (chosen == 2) policies.zonemd = DigestAlgorithm::sha512;
  }
  if (const auto* node = map.find("notify-parent")) {
    policies.notifies_parent =
        read_flag(*node, "notify-parent", scope.findings).value_or(policies.notifies_parent);
  }
  if (const auto* node = map.find("guards")) read_guards(*node, scope, policies);
}

std::vector<std::string> read_provider_references(MapReader& map, const ConfigScope& scope,
                                                  const Config& config) {
  std::vector<std::string> names;
  const auto* node = map.find("providers");
  if (node == nullptr) return names;
  for (const auto* item : read_items(*node, "providers", scope.findings)) {
    const auto name = read_text(*item, "providers", scope.findings);
    if (!name) continue;
    if (std::find(names.begin(), names.end(), *name) != names.end()) {
      scope.findings.error(item->place, "config-duplicate-name",
                           *name + " stands twice in providers", "keep one of the two");
    } else if (config.find_provider(*name) == nullptr) {
      std::vector<std::string> known;
      known.reserve(config.providers.size());
      for (const auto& provider : config.providers) known.push_back(provider.name);
      const auto meant = nearest(*name, known);
      scope.findings.error(item->place, "config-unknown-reference", "there is no provider " + *name,
                           meant ? "did you mean \"" + *meant + "\"?" : "add it to providers:");
    } else {
      names.push_back(*name);
    }
  }
  return names;
}

/// Zones are many: finding one among them must not cost a walk over all.
using Seen = std::unordered_map<dns::Name, SharedZoneConfig, dns::NameHash>;

void add_zone(ZoneConfig&& zone, ConfigPlace place, const ConfigScope& scope, Seen& seen,
              Config& config) {
  check_updates(zone, place, scope);
  auto shared = std::make_shared<const ZoneConfig>(std::move(zone));
  const auto [before, is_new] = seen.emplace(shared->name, shared);
  if (!is_new) {
    scope.findings.error(place, "config-zone-twice",
                         "zone " + shared->name.to_text() + " comes from " + before->second->shown +
                             " and from " + shared->shown,
                         "keep one of the two");
    return;
  }
  config.zones.push_back(std::move(shared));
}

/// A folder that cannot be read (not mounted yet, say) is no reason not to serve: its zones that
/// were good before are served as they were.
void read_directory(const ConfigNode& node, const ZoneConfig& pattern, const ConfigScope& scope,
                    Seen& seen, Config& config) {
  const auto written = read_text(node, "directory", scope.findings);
  if (!written) return;
  DirectoryConfig directory;
  directory.path = resolve(scope, *written);
  directory.shown = *written;
  directory.pattern = pattern;
  if (!directory.path.has_filename()) directory.path = directory.path.parent_path();  // "zones/"
  directory.pattern.directory = directory.path.string();
  auto look = look_into(directory.path);
  if (!look.trouble.empty()) {
    scope.findings.warning(node.place, "config-bad-directory",
                           "directory " + *written + " cannot be read: " + look.trouble +
                               "; the zones it had are served as they were",
                           "make it, or mend the path: it starts at the configuration's folder");
  }
  for (const auto& name : look.ignored) {
    scope.findings.warning(node.place, "config-file-ignored",
                           (std::filesystem::path(*written) / name).string() +
                               " is not named as a zone, and is left out",
                           "name it APEX.yaml, APEX.json or APEX.zone");
  }
  const std::string place = (directory.path / "").string();
  const std::string shown = (std::filesystem::path(*written) / "").string();
  for (auto& file : look.files) {
    if (file.is_link) directory.links.push_back(file.apex);
    ZoneConfig zone = directory.pattern;
    zone.name = std::move(file.apex);
    zone.source = place + file.name;
    zone.shown = shown + file.name;
    add_zone(std::move(zone), node.place, scope, seen, config);
  }
  directory.trouble = std::move(look.trouble);
  directory.stamp = look.stamp;
  config.directories.push_back(std::move(directory));
}

void read_named_zone(MapReader& map, const ConfigNode* name_node, ZoneConfig zone,
                     const ConfigScope& scope, Seen& seen, Config& config) {
  const auto name = name_node != nullptr ? read_name(*name_node, "zone name", scope.findings)
                                         : std::optional<dns::Name>();
  zone.name = name.value_or(dns::Name::root());
  if (!read_sources(map, scope, config, zone) || !name) return;
  // A follower can be asked side by side with its primary, unless this zone wants its own serials.
  if (zone.follow() != nullptr && !map.has("serial")) zone.serial = zonestore::SerialPolicy::keep;
  add_zone(std::move(zone), name_node->place, scope, seen, config);
}

/// What catalogs are to say of the zones of this entry.
void read_catalog_properties(MapReader& map, const ConfigScope& scope, ZoneConfig& zone) {
  const auto* node = map.find("catalog");
  if (node == nullptr) return;
  MapReader properties(*node, scope.findings, "catalog");
  auto read = std::make_shared<CatalogProperties>();
  if (const auto* groups = properties.find("group")) {
    for (const auto* item : read_items(*groups, "group", scope.findings)) {
      const auto group = read_text(*item, "group", scope.findings);
      constexpr std::size_t longest = 255;  // a string of a TXT record
      if (group && !group->empty() && group->size() <= longest) {
        read->groups.push_back(*group);
      } else if (group) {
        scope.findings.error(item->place, "config-bad-value",
                             "group is not a text of 1 to 255 octets",
                             "name it as the consumers do");
      }
    }
  }
  if (const auto* coo = properties.find("coo")) {
    read->coo = read_name(*coo, "coo", scope.findings);
  }
  properties.finish();
  zone.catalog = std::move(read);
}

void read_zone(const ConfigNode& node, const ConfigScope& scope, const ZoneDefaults& defaults,
               Seen& seen, Config& config) {
  MapReader map(node, scope.findings, "zone");
  ZoneConfig zone;
  const auto* name = map.find("name");
  const auto* directory = map.find("directory");
  read_zone_settings(map, scope, defaults, config, zone);
  read_catalog_properties(map, scope, zone);
  zone.update = read_updates(map, scope, config);
  if (name != nullptr && directory != nullptr) {
    scope.findings.error(directory->place, "config-wrong-kind",
                         "a zone has either name and source or directory",
                         "make two entries of it");
    (void)map.find("source");
    (void)map.find("sources");
  } else if (directory != nullptr) {
    read_directory(*directory, zone, scope, seen, config);
  } else if (name != nullptr) {
    read_named_zone(map, name, std::move(zone), scope, seen, config);
  } else if (map.is_map()) {
    scope.findings.error(map.place(), "config-missing-key", "zone has neither name nor directory",
                         "write name: example.com and source: FILE, or directory: FOLDER");
    (void)map.find("source");
    (void)map.find("sources");
  }
  map.finish();
}

}  // namespace

void read_zone_settings(MapReader& map, const ConfigScope& scope, const ZoneDefaults& defaults,
                        const Config& config, ZoneConfig& zone) {
  zone.check = read_check(map, scope, defaults.check);
  zone.providers = read_provider_references(map, scope, config);
  ZoneDefaults policies = defaults;
  read_policies(map, scope, policies);
  zone.serial = policies.serial;
  zone.publish = policies.publish;
  zone.max_shrink_percent = policies.max_shrink_percent;
  zone.zonemd = policies.zonemd;
  zone.notifies_parent = policies.notifies_parent;
}

ZoneDefaults read_defaults_section(const ConfigNode& node, const ConfigScope& scope) {
  MapReader map(node, scope.findings, "defaults");
  ZoneDefaults defaults;
  read_policies(map, scope, defaults);
  defaults.check = read_check(map, scope, nullptr);
  map.finish();
  return defaults;
}

void read_zones_section(const ConfigNode& node, const ConfigScope& scope,
                        const ZoneDefaults& defaults, Config& config) {
  Seen seen;
  for (const auto* item : read_items(node, "zones", scope.findings)) {
    read_zone(*item, scope, defaults, seen, config);
  }
}

}  // namespace taproot::server
