#include "server/config.hpp"

#include "server/config_reader.hpp"
#include "server/config_sections.hpp"
#include "server/config_tree.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace taproot::server {

using zonestore::Finding;
using zonestore::Severity;

namespace {

/// Whether a line may hold a secret: asked only of text that is no tree.
bool may_hold_secret(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto* word : {"secret", "key", "token", "pass"}) {
    if (lowered.find(word) != std::string::npos) return true;
  }
  return false;
}

std::string line_at(std::string_view text, std::size_t line) {
  std::istringstream stream{std::string(text)};
  std::string found;
  for (std::size_t i = 0; i < line && std::getline(stream, found); ++i) {
  }
  return found;
}

/// A zone cannot tell its parent without a resolver that knows where.
void check_parent_notify(const Config& config, ConfigPlace place, const ConfigScope& scope) {
  const auto one = std::find_if(config.zones.begin(), config.zones.end(),
                                [](const auto& zone) { return zone->notifies_parent; });
  if (one == config.zones.end()) return;
  scope.findings.error(place, "config-missing-key",
                       (*one)->name.to_text() + " has notify-parent, and there is no parent-notify",
                       "add parent-notify: {resolver: ADDRESS}");
}

void read_sections(const ConfigNode& root, const ConfigScope& scope, Config& config) {
  MapReader map(root, scope.findings, "the configuration");
  const auto section = [&](std::string_view key, auto read) {
    if (const auto* node = map.find(key)) read(*node, scope, config);
  };
  section("server", read_server_section);
  if (const auto* state = map.find("state")) {
    const auto path = read_text(*state, "state", scope.findings);
    if (path) config.state = resolve(scope, *path);
  }
  section("control", read_control_section);
  section("keys", read_keys_section);
  section("providers", read_providers_section);
  const auto* defaults_node = map.find("defaults");
  const auto defaults =
      defaults_node != nullptr ? read_defaults_section(*defaults_node, scope) : ZoneDefaults{};
  if (const auto* zones = map.find("zones")) read_zones_section(*zones, scope, defaults, config);
  if (const auto* catalogs = map.find("catalogs")) {
    read_catalogs_section(*catalogs, scope, defaults, config);
  }
  section("probe", read_probe_section);
  section("parent-notify", read_parent_notify_section);
  section("history", read_history_section);
  section("log", read_log_section);
  map.finish();
  // A section that is wrong has its finding.
  if (!map.has("parent-notify")) check_parent_notify(config, map.place(), scope);
}

/// What is left open gets its usual value.
void fill_in(Config& config, const ConfigWorld& world) {
  if (config.listen.empty()) {
    config.listen.emplace_back(net::Address::from_text("127.0.0.1").value(), std::uint16_t{5300});
  }
  if (config.state.empty()) config.state = default_state(world);
  if (config.control.token_file.empty()) {
    config.control.token_file = config.state / "control.token";
  }
}

}  // namespace

std::string_view to_text(ProviderKind kind) {
  switch (kind) {
    case ProviderKind::transfer:
      return "transfer";
    case ProviderKind::powerdns:
      return "powerdns";
    case ProviderKind::rfc2136:
      return "rfc2136";
    case ProviderKind::route53:
      return "route53";
    case ProviderKind::cloudflare:
      return "cloudflare";
    case ProviderKind::google:
      return "google";
    case ProviderKind::exec:
      return "exec";
  }
  return "transfer";
}

const ProviderConfig* Config::find_provider(std::string_view name) const {
  const auto found = std::find_if(providers.begin(), providers.end(),
                                  [&](const ProviderConfig& one) { return one.name == name; });
  return found == providers.end() ? nullptr : &*found;
}

const ZoneConfig* Config::find_zone(const dns::Name& name) const {
  const auto found =
      std::find_if(zones.begin(), zones.end(), [&](const auto& one) { return one->name == name; });
  return found == zones.end() ? nullptr : found->get();
}

const dns::TsigKey* Config::find_key(const dns::Name& name) const {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const dns::TsigKey& one) { return one.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

ConfigRead read_config_text(std::string_view text, const std::string& shown,
                            const std::filesystem::path& folder, const ConfigWorld& world) {
  ConfigFindings findings(shown, text);
  Config config;
  const auto [root, syntax] = parse_config_tree(text);
  if (syntax) {
    if (may_hold_secret(line_at(text, syntax->place.line))) findings.hide_all();
    findings.error(syntax->place, "config-syntax", syntax->message, syntax->cure);
  } else if (root.kind == ConfigNode::Kind::nothing) {
    findings.error({1, 1}, "config-syntax", "the configuration is empty",
                   "begin with conf/taproot.yaml, which explains every key");
  } else {
    read_sections(root, ConfigScope{findings, folder, world}, config);
    if (config.zones.empty()) {
      findings.note({1, 1}, "config-no-zones", "no zones are configured", "add zones:");
    }
  }
  fill_in(config, world);
  ConfigRead read{std::nullopt, findings.take()};
  if (!zonestore::has_errors(read.findings)) read.config = std::move(config);
  return read;
}

namespace {

/// The file's text, or why there is none.
Result<std::string> read_whole(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return fail(Errc::io, "is a folder");
  const auto octets = std::filesystem::file_size(file, error);
  if (error) return fail(Errc::io, "cannot be read: " + error.message());
  if (octets > max_config_octets) return fail(Errc::io, "is larger than 64 MiB");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(Errc::io, "cannot be opened: who may read it?");
  return std::string(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

ConfigRead unreadable(const std::filesystem::path& file, const Error& error) {
  return {std::nullopt,
          {Finding{Severity::error,
                   "config-unreadable",
                   file.string(),
                   0,
                   0,
                   error.detail,
                   "name the configuration with --config FILE",
                   {}}}};
}

}  // namespace

ConfigRead read_config(const std::filesystem::path& file, const ConfigWorld& world) {
  const auto text = read_whole(file);
  if (!text) return unreadable(file, text.error());
  const auto absolute = std::filesystem::absolute(file);
  auto read = read_config_text(*text, file.string(), absolute.parent_path(), world);
  if (read.config) read.config->file = absolute;
  return read;
}

Result<ControlConfig> read_control_config(const std::filesystem::path& file,
                                          const ConfigWorld& world) {
  const auto text = read_whole(file);
  if (!text) return tl::unexpected(to_error(unreadable(file, text.error()).findings));
  ConfigFindings findings(file.string(), *text);
  const ConfigScope scope{findings, std::filesystem::absolute(file).parent_path(), world};
  const auto [root, syntax] = parse_config_tree(*text);
  if (syntax) findings.error(syntax->place, "config-syntax", syntax->message, syntax->cure);
  Config config;
  const ConfigNode empty{ConfigNode::Kind::map, {}, {}, {}, {}};
  MapReader map(syntax ? empty : root, findings, "the configuration");
  if (const auto* state = map.find("state")) {
    if (const auto path = read_text(*state, "state", findings))
      config.state = resolve(scope, *path);
  }
  if (const auto* control = map.find("control")) read_control_section(*control, scope, config);
  fill_in(config, world);
  const auto found = findings.take();
  if (zonestore::has_errors(found)) return tl::unexpected(to_error(found));
  return config.control;
}

std::filesystem::path default_state(const ConfigWorld& world) {
  const auto given = [&](const char* name) {
    return std::filesystem::path(world.environment(name).value_or(""));
  };
  // systemd names the folder of StateDirectory=; of several (with colons) none is ours alone.
  if (const auto folder = given("STATE_DIRECTORY");
      folder.is_absolute() && folder.string().find(':') == std::string::npos) {
    return folder;
  }
  if (const auto folder = given("XDG_STATE_HOME"); folder.is_absolute()) return folder / "taproot";
  if (const auto home = given("HOME"); home.is_absolute()) return home / ".local/state/taproot";
  return "taproot-state";
}

Error to_error(const std::vector<Finding>& findings) {
  const auto is_error = [](const Finding& one) { return one.severity == Severity::error; };
  const auto first = std::find_if(findings.begin(), findings.end(), is_error);
  if (first == findings.end()) return {Errc::bad_config, "no error was found"};
  const auto count = std::count_if(findings.begin(), findings.end(), is_error);
  std::string text = zonestore::to_line(*first);
  if (!first->cure.empty()) text += ": " + first->cure;
  if (count > 1) {
    text += " (and " + std::to_string(count - 1) + " more: see them with `taproot check`)";
  }
  return {Errc::bad_config, std::move(text)};
}

}  // namespace taproot::server
