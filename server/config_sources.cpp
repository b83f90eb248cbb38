#include "net/url.hpp"
#include "server/config_secret.hpp"
#include "server/config_sections.hpp"
#include "server/config_url.hpp"
#include "server/remote_proof.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>

namespace taproot::server {

namespace {

using std::chrono::milliseconds;
using zonestore::SourceKind;

constexpr std::array<std::string_view, 3> formats{"yaml", "json", "zone"};
constexpr std::array<std::string_view, 1> checksums{"sha256"};
constexpr std::size_t largest_document = std::size_t{4} << 30;

bool is_url(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

/// What the ending of the URL's path says, if it says anything.
std::optional<SourceKind> kind_of_url(std::string_view url) {
  const std::filesystem::path name(net::file_name_of(url));
  const auto kind = zonestore::kind_of(name);
  const bool is_zone_file = name.extension() == ".zone" || name.extension() == ".db";
  if (kind == SourceKind::zone_file && !is_zone_file) return std::nullopt;
  return kind;
}

bool read_url(const ConfigNode& node, const std::string& url, const ConfigScope& scope,
              RemoteConfig& remote) {
  static constexpr UrlUse use{"token, and bring the zone,", "token-file", true};
  auto fault = fault_of_url(url, use);
  if (!fault && !net::origin_of(url)) {
    fault = UrlFault{"config-bad-value", "url cannot be read", "write https://HOST[:PORT]/PATH"};
  }
  if (fault) {
    scope.findings.hide(node.place);
    scope.findings.error(node.place, fault->rule, fault->message, fault->cure);
    return false;
  }
  if (url.find('?') != std::string::npos) scope.findings.hide(node.place);
  remote.url = url;
  return true;
}

/// The path of a PEM file that can be read now; it is read again whenever it is used.
std::optional<std::string> read_pem_path(MapReader& map, const std::string& key,
                                         const ConfigScope& scope) {
  const auto* node = map.find(key);
  const auto written =
      node != nullptr ? read_text(*node, key, scope.findings) : std::optional<std::string>();
  if (!written) return std::nullopt;
  const auto path = resolve(scope, *written).string();
  if (::access(path.c_str(), R_OK) == 0) return path;
  scope.findings.error(node->place, "config-file-unreadable",
                       key + ": " + *written + " cannot be read",
                       "make the file, readable for taproot");
  return std::nullopt;
}

void read_certificates(MapReader& map, const ConfigScope& scope, RemoteConfig& remote) {
  remote.ca_file = read_pem_path(map, "ca-file", scope);
  remote.client_certificate = read_pem_path(map, "client-certificate", scope);
  remote.client_key = read_pem_path(map, "client-key", scope);
  const auto* key = map.find("client-key");
  if (key != nullptr && map.find("client-certificate") == nullptr) {
    scope.findings.error(key->place, "config-missing-key", "source has a client-key alone",
                         "write client-certificate: FILE, too");
  }
}

void read_signature(const ConfigNode& node, const ConfigScope& scope, RemoteConfig& remote) {
  MapReader map(node, scope.findings, "signature");
  const auto* file = map.need("public-key-file", "write public-key-file: FILE (an Ed25519 key)");
  const auto written = file != nullptr ? read_text(*file, "public-key-file", scope.findings)
                                       : std::optional<std::string>();
  map.finish();
  if (!written) return;
  const auto text = read_secret_file(resolve(scope, *written));
  const auto key = text ? ed25519_key_from_text(std::string(text->secret.reveal()))
                        : Result<std::string>(tl::unexpected(text.error()));
  if (key) {
    remote.signer = *key;
  } else {
    scope.findings.error(file->place, text ? "config-bad-value" : "config-file-unreadable",
                         "public-key-file: " + *written + ": " + key.error().detail,
                         "make it with: openssl pkey -in KEY -pubout");
  }
}

void read_token(MapReader& map, const ConfigScope& scope, const std::string& what,
                RemoteConfig& remote) {
  if (map.find("token") == nullptr && map.find("token-file") == nullptr) return;
  auto token = read_secret(map, "token", "token-file", what, scope);
  if (!token) return;
  const bool is_sendable =
      !token->empty() && std::all_of(token->reveal().begin(), token->reveal().end(),
                                     [](char c) { return c > ' ' && c < 0x7f; });
  if (is_sendable) {
    remote.token = std::move(*token);
  } else {
    scope.findings.error(map.place(), "config-bad-secret", what + ": its token is not one word",
                         "put the token alone there");
  }
}

void read_bounds(MapReader& map, const ConfigScope& scope, RemoteConfig& remote) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  if (const auto* node = map.find("interval")) {
    const auto read = read_duration(*node, "interval", seconds(1), hours(24), scope.findings);
    if (read) remote.interval = *read;
  }
  if (const auto* node = map.find("timeout")) {
    const auto read =
        read_duration(*node, "timeout", milliseconds(100), minutes(10), scope.findings);
    if (read) remote.timeout = *read;
  }
  if (const auto* node = map.find("max-size")) {
    const auto read = read_size(*node, "max-size", scope.findings);
    if (read && *read >= 1 && *read <= largest_document) remote.max_octets = *read;
    if (read && (*read < 1 || *read > largest_document)) {
      scope.findings.error(node->place, "config-bad-value", "max-size is not from 1 to 4GiB",
                           "write for example 64MiB");
    }
  }
}

void read_kind(const ConfigNode* format, ConfigPlace place, const ConfigScope& scope,
               RemoteConfig& remote) {
  if (format != nullptr) {
    constexpr std::array<SourceKind, 3> kinds{SourceKind::yaml, SourceKind::json,
                                              SourceKind::zone_file};
    const auto chosen = read_choice(*format, "format", formats, scope.findings);
    if (chosen) remote.kind = kinds[*chosen];
    return;
  }
  if (const auto kind = kind_of_url(remote.url)) {
    remote.kind = *kind;
  } else if (!remote.url.empty()) {
    scope.findings.error(place, "config-missing-key",
                         "the URL does not tell how to read the "
                         "document",
                         "write format: yaml, json or zone");
  }
}

void read_remote(MapReader& map, const ConfigNode& url_node, const ConfigScope& scope,
                 SourceConfig& source) {
  auto& remote = source.remote.emplace();
  const auto url = read_text(url_node, "url", scope.findings);
  if (url && read_url(url_node, *url, scope, remote)) source.shown = net::without_query(*url);
  const auto* format = map.find("format");
  read_kind(format, url_node.place, scope, remote);
  read_bounds(map, scope, remote);
  read_token(map, scope, "source " + source.shown, remote);
  read_certificates(map, scope, remote);
  if (const auto* node = map.find("checksum")) {
    remote.has_checksum = read_choice(*node, "checksum", checksums, scope.findings).has_value();
  }
  if (const auto* node = map.find("signature")) read_signature(*node, scope, remote);
}

void read_owns(MapReader& map, const ConfigScope& scope, const dns::Name& apex,
               SourceConfig& source) {
  const auto* node = map.find("owns");
  if (node == nullptr) return;
  for (const auto* item : read_items(*node, "owns", scope.findings)) {
    const auto text = read_text(*item, "owns", scope.findings);
    if (!text) continue;
    auto pattern = zonestore::OwnerPattern::from_text(*text, apex);
    if (pattern) {
      source.owns.push_back(std::move(*pattern));
    } else {
      scope.findings.error(item->place, "config-bad-name", "owns: " + pattern.error().detail,
                           "write names relative to the zone: [mail, \"*.team-a\", \"@\"]");
    }
  }
}

/// A map with `file` or `url` and what belongs to it.
std::optional<SourceConfig> read_source_map(const ConfigNode& node, const ConfigScope& scope,
                                            const Config& config, const dns::Name& apex) {
  MapReader map(node, scope.findings, "source");
  SourceConfig source;
  const auto* file = map.find("file");
  const auto* url = map.find("url");
  const auto* transfer = map.find("transfer");
  if (transfer != nullptr && file == nullptr && url == nullptr) {
    read_follow(map, *transfer, scope, config, source);
    map.finish();
    return source.follow ? std::optional(std::move(source)) : std::nullopt;
  }
  read_owns(map, scope, apex, source);
  if (file != nullptr && url == nullptr) {
    source.shown = read_text(*file, "file", scope.findings).value_or("");
    source.path = resolve(scope, source.shown);
  } else if (url != nullptr) {
    read_remote(map, *url, scope, source);
  }
  if (map.is_map() && ((file == nullptr) == (url == nullptr) || transfer != nullptr)) {
    scope.findings.error(map.place(), "config-missing-key",
                         "source has neither file nor url nor transfer, or more than one of them",
                         "write url: https://HOST/PATH, file: FILE or transfer: ADDRESS");
  }
  map.finish();
  if (source.shown.empty()) return std::nullopt;
  return source;
}

std::optional<SourceConfig> read_one(const ConfigNode& node, const ConfigScope& scope,
                                     const Config& config, const dns::Name& apex) {
  if (node.kind == ConfigNode::Kind::map) return read_source_map(node, scope, config, apex);
  const auto written = read_text(node, "source", scope.findings);
  if (!written) return std::nullopt;
  SourceConfig source;
  if (is_url(*written)) {
    RemoteConfig remote;
    if (!read_url(node, *written, scope, remote)) return std::nullopt;
    read_kind(nullptr, node.place, scope, remote);
    source.shown = net::without_query(*written);
    source.remote = std::move(remote);
  } else {
    source.shown = *written;
    source.path = resolve(scope, *written);
  }
  return source;
}

void add_source(const ConfigNode& node, const ConfigScope& scope, const Config& config,
                ZoneConfig& zone) {
  auto source = read_one(node, scope, config, zone.name);
  if (!source) return;
  if (!zone.sources.empty() && (source->follow || zone.follow() != nullptr)) {
    scope.findings.error(node.place, "config-wrong-kind",
                         "a zone that is transferred has no other source",
                         "name all its primaries in one transfer: [ADDRESS, ADDRESS]");
    return;
  }
  const bool is_twice =
      std::any_of(zone.sources.begin(), zone.sources.end(), [&](const SourceConfig& other) {
        return source->remote ? other.remote && other.remote->url == source->remote->url
                              : !other.remote && other.path == source->path;
      });
  if (is_twice) {
    scope.findings.error(node.place, "config-duplicate-name",
                         source->shown + " stands twice in sources", "keep one of the two");
    return;
  }
  zone.shown += (zone.shown.empty() ? "" : ", ") + source->shown;
  zone.sources.push_back(std::move(*source));
}

}  // namespace

bool read_sources(MapReader& map, const ConfigScope& scope, const Config& config,
                  ZoneConfig& zone) {
  const auto* several = map.find("sources");
  const auto* one = several != nullptr
                        ? map.find("source")
                        : map.need("source",
                                   "write source: FILE (.yaml, .json or a zone file), "
                                   "source: https://HOST/PATH or source: {transfer: ADDRESS}");
  if (several != nullptr && one != nullptr) {
    scope.findings.error(one->place, "config-wrong-kind", "a zone has either source or sources",
                         "put it into sources, or keep one of the two");
    return false;
  }
  if (one != nullptr) add_source(*one, scope, config, zone);
  if (several != nullptr) {
    for (const auto* item : read_items(*several, "sources", scope.findings)) {
      add_source(*item, scope, config, zone);
    }
    if (several->kind == ConfigNode::Kind::list && several->items.empty()) {
      scope.findings.error(several->place, "config-missing-key", "sources is empty",
                           "write the files and URLs that the zone is made of");
    }
  }
  const bool is_file = zone.sources.size() == 1 && !zone.sources[0].remote && !zone.follow();
  if (is_file && zone.sources[0].owns.empty()) {
    zone.source = zone.sources[0].path.string();  // just a file: the usual way
    zone.sources.clear();
    return true;
  }
  return !zone.sources.empty();
}

}  // namespace taproot::server
