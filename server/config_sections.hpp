#pragma once

#include "server/config.hpp"
#include "server/config_reader.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace taproot::server {

/// What the sections of the configuration share while they are read.
struct ConfigScope {
  ConfigFindings& findings;
  std::filesystem::path folder;  ///< where relative paths start
  const ConfigWorld& world;
};

/// `path` as written, made relative to the configuration's folder.
std::filesystem::path resolve(const ConfigScope& scope, const std::string& path);

/// What new zones get unless they say otherwise.
struct ZoneDefaults {
  zonestore::SerialPolicy serial = zonestore::SerialPolicy::increment;
  Publish publish = Publish::automatic;
  std::shared_ptr<const CheckConfig> check;
  unsigned max_shrink_percent = 20;
  std::optional<zonestore::DigestAlgorithm> zonemd;
  bool notifies_parent = false;
};

// One function per section; each reads its node into the config and reports what is wrong. Later
// ones look up what earlier ones have put there: keys, providers, zones.

void read_server_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_control_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_probe_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_parent_notify_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_history_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_log_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_keys_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
void read_providers_section(const ConfigNode& node, const ConfigScope& scope, Config& config);
ZoneDefaults read_defaults_section(const ConfigNode& node, const ConfigScope& scope);
void read_zones_section(const ConfigNode& node, const ConfigScope& scope,
                        const ZoneDefaults& defaults, Config& config);

void read_catalogs_section(const ConfigNode& node, const ConfigScope& scope,
                           const ZoneDefaults& defaults, Config& config);

/// Reads `check`, `providers`, `serial`, `publish` and `guards` of a zone, or of zones to come.
void read_zone_settings(MapReader& map, const ConfigScope& scope, const ZoneDefaults& defaults,
                        const Config& config, ZoneConfig& zone);

/// The key that a value names; one that is not there has its finding.
std::optional<dns::Name> read_key_reference(const ConfigNode& node, const ConfigScope& scope,
                                            const Config& config);

/// Reads `source` or `sources` of a zone; false, with findings, if the zone has none.
bool read_sources(MapReader& map, const ConfigScope& scope, const Config& config, ZoneConfig& zone);

/// Reads a source that is a map with `transfer`, and all that belongs to it.
void read_follow(MapReader& map, const ConfigNode& transfer, const ConfigScope& scope,
                 const Config& config, SourceConfig& source);

/// Reads the key `check` of a zone or of defaults; what it leaves open is as in `otherwise`.
std::shared_ptr<const CheckConfig> read_check(MapReader& map, const ConfigScope& scope,
                                              const std::shared_ptr<const CheckConfig>& otherwise);

/// Reads a command and its arguments; `what` is its key.
std::vector<std::string> read_command(const ConfigNode& node, std::string_view what,
                                      const ConfigScope& scope);

/// Reads what belongs to a provider that a program speaks with.
void read_exec(MapReader& map, const ConfigScope& scope, ProviderConfig& provider);

/// Reads the key `update` of a zone.
UpdateRules read_updates(MapReader& map, const ConfigScope& scope, const Config& config);
/// Finds names in it that do not lie in the zone.
void check_updates(const ZoneConfig& zone, ConfigPlace place, const ConfigScope& scope);

/// Reads a secret that stands in a file (`file_key`) or behind a reference (`key`), whichever of
/// the two is there; nothing, with a finding, if it cannot be had. `what` names its owner.
std::optional<Secret> read_secret(MapReader& map, const std::string& key,
                                  const std::string& file_key, const std::string& what,
                                  const ConfigScope& scope);

/// The control API without TLS is for this host only.
bool is_exposed(const net::Endpoint& control);

/// Whether a prefix is everybody.
bool is_everybody(const net::Prefix& prefix);
std::vector<net::Prefix> everybody();

}  // namespace taproot::server
