#include "server/config_sections.hpp"

#include <algorithm>
#include <array>
#include <system_error>

namespace taproot::server {

namespace {

constexpr std::array<std::string_view, 4> serials{"increment", "unixtime", "date", "keep"};
constexpr std::array<std::string_view, 2> publishes{"auto", "on-apply"};

/// What a file of a directory must end with to be a zone.
constexpr std::array<std::string_view, 5> zone_endings{".yaml", ".yml", ".json", ".zone", ".db"};

void read_policies(MapReader& map, const ConfigScope& scope, zonestore::SerialPolicy& serial,
                   Publish& publish) {
  if (const auto* node = map.find("serial")) {
    const auto chosen = read_choice(*node, "serial", serials, scope.findings);
    const auto policy = chosen ? zonestore::serial_policy_from_text(serials[*chosen])
                               : Result<zonestore::SerialPolicy>(serial);
    if (policy) serial = *policy;
  }
  if (const auto* node = map.find("publish")) {
    const auto chosen = read_choice(*node, "publish", publishes, scope.findings);
    if (chosen) publish = *chosen == 0 ? Publish::automatic : Publish::on_apply;
  }
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
using Seen = std::map<dns::Name, std::string>;

void add_zone(ZoneConfig zone, ConfigPlace place, const ConfigScope& scope, Seen& seen,
              Config& config) {
  const auto [before, is_new] = seen.emplace(zone.name, zone.shown);
  if (!is_new) {
    scope.findings.error(
        place, "config-zone-twice",
        "zone " + zone.name.to_text() + " comes from " + before->second + " and from " + zone.shown,
        "keep one of the two");
    return;
  }
  config.zones.push_back(std::move(zone));
}

/// The file's name without the ending that makes it a zone, or nothing.
std::optional<std::string> apex_text_of(const std::string& file) {
  for (const auto ending : zone_endings) {
    if (file.size() > ending.size() && file.ends_with(ending)) {
      return file.substr(0, file.size() - ending.size());
    }
  }
  return std::nullopt;
}

/// The zone files of a folder by name, or nothing, with a finding, if it cannot be read.
std::vector<std::filesystem::path> files_of(const DirectoryConfig& directory, ConfigPlace place,
                                            const ConfigScope& scope) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator at(directory.path, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const auto name = at->path().filename().string();
    std::error_code ignored;  // a file that is gone again is no file
    const bool is_editors = name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp");
    if (!is_editors && at->is_regular_file(ignored)) files.push_back(at->path());
  }
  if (error) {
    scope.findings.error(place, "config-bad-directory",
                         "directory " + directory.shown + " cannot be read: " + error.message(),
                         "make it, or mend the path: it starts at the configuration's folder");
  }
  std::sort(files.begin(), files.end());
  return files;
}

void read_directory(const ConfigNode& node, const ZoneConfig& pattern, const ConfigScope& scope,
                    Seen& seen, Config& config) {
  const auto written = read_text(node, "directory", scope.findings);
  if (!written) return;
  const DirectoryConfig directory{resolve(scope, *written), *written};
  config.directories.push_back(directory);
  for (const auto& file : files_of(directory, node.place, scope)) {
    const auto shown = (std::filesystem::path(*written) / file.filename()).string();
    const auto apex_text = apex_text_of(file.filename().string());
    const auto apex = dns::Name::from_text(apex_text.value_or(""));
    if (!apex_text || !apex) {
      scope.findings.warning(node.place, "config-file-ignored",
                             shown + " is not named as a zone, and is left out",
                             "name it APEX.yaml, APEX.json or APEX.zone");
      continue;
    }
    ZoneConfig zone = pattern;
    zone.name = *apex;
    zone.source = file;
    zone.shown = shown;
    add_zone(std::move(zone), node.place, scope, seen, config);
  }
}

void read_named_zone(MapReader& map, const ConfigNode* name_node, ZoneConfig zone,
                     const ConfigScope& scope, Seen& seen, Config& config) {
  const auto* source = map.need("source", "write source: FILE (.yaml, .json or a zone file)");
  const auto name = name_node != nullptr ? read_name(*name_node, "zone name", scope.findings)
                                         : std::optional<dns::Name>();
  const auto written = source != nullptr ? read_text(*source, "source", scope.findings)
                                         : std::optional<std::string>();
  if (!name || !written) return;
  zone.name = *name;
  zone.source = resolve(scope, *written);
  zone.shown = *written;
  add_zone(std::move(zone), name_node->place, scope, seen, config);
}

void read_zone(const ConfigNode& node, const ConfigScope& scope, const ZoneDefaults& defaults,
               Seen& seen, Config& config) {
  MapReader map(node, scope.findings, "zone");
  ZoneConfig zone;
  zone.serial = defaults.serial;
  zone.publish = defaults.publish;
  zone.check = read_check(map, scope, defaults.check);
  const auto* name = map.find("name");
  const auto* directory = map.find("directory");
  zone.providers = read_provider_references(map, scope, config);
  read_policies(map, scope, zone.serial, zone.publish);
  if (name != nullptr && directory != nullptr) {
    scope.findings.error(directory->place, "config-wrong-kind",
                         "a zone has either name and source or directory",
                         "make two entries of it");
    (void)map.find("source");
  } else if (directory != nullptr) {
    read_directory(*directory, zone, scope, seen, config);
  } else if (name != nullptr) {
    read_named_zone(map, name, std::move(zone), scope, seen, config);
  } else if (map.is_map()) {
    scope.findings.error(map.place(), "config-missing-key", "zone has neither name nor directory",
                         "write name: example.com and source: FILE, or directory: FOLDER");
    (void)map.find("source");
  }
  map.finish();
}

}  // namespace

ZoneDefaults read_defaults_section(const ConfigNode& node, const ConfigScope& scope) {
  MapReader map(node, scope.findings, "defaults");
  ZoneDefaults defaults;
  read_policies(map, scope, defaults.serial, defaults.publish);
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
