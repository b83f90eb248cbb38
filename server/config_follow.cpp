#include "server/config_sections.hpp"
#include "server/config_tls.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t largest_zone = std::size_t{16} << 30;

/// An address, or a map of an address and its own key.
void read_primary(const ConfigNode& node, const ConfigScope& scope, const Config& config,
                  const std::optional<dns::Name>& key, FollowConfig& follow) {
  PrimaryConfig primary{{}, key};
  const ConfigNode* address = &node;
  bool over_tls = false;
  if (node.kind == ConfigNode::Kind::map) {
    MapReader map(node, scope.findings, "primary");
    address = map.need("address", "write address: 192.0.2.1, with a port if it is not 53");
    if (const auto* own = map.find("key")) primary.key = read_key_reference(*own, scope, config);
    const auto* tls = map.find("tls");
    over_tls = tls != nullptr;
    if (over_tls) primary.tls = read_tls_client(*tls, scope);
    map.finish();
    if (address == nullptr || (over_tls && primary.tls == nullptr)) return;
  }
  const auto endpoint =
      read_endpoint(*address, "transfer", over_tls ? tls_port : dns_port, scope.findings);
  if (!endpoint) return;
  primary.endpoint = *endpoint;
  const bool is_twice =
      std::any_of(follow.primaries.begin(), follow.primaries.end(),
                  [&](const PrimaryConfig& other) { return other.endpoint == *endpoint; });
  if (is_twice) {
    scope.findings.error(address->place, "config-duplicate-name",
                         endpoint->to_text() + " stands twice in transfer", "keep one of the two");
    return;
  }
  follow.primaries.push_back(std::move(primary));
}

void read_notify_from(MapReader& map, const ConfigScope& scope, FollowConfig& follow) {
  const auto* node = map.find("notify-from");
  if (node == nullptr) return;
  for (const auto* item : read_items(*node, "notify-from", scope.findings)) {
    const auto text = read_text(*item, "notify-from", scope.findings);
    if (!text) continue;
    const auto prefix = net::Prefix::from_text(*text);
    if (prefix) {
      follow.notify_from.push_back(*prefix);
    } else {
      scope.findings.error(item->place, "config-bad-address",
                           "notify-from: \"" + *text + "\" is not an address or prefix",
                           "write 192.0.2.1, 192.0.2.0/24 or \"2001:db8::/32\"");
    }
  }
}

/// How a NOTIFY must come, beside from whom.
void read_notify(MapReader& map, const ConfigScope& scope, FollowConfig& follow) {
  const auto* node = map.find("notify");
  if (node == nullptr) return;
  MapReader notify(*node, scope.findings, "notify");
  read_tls_access(notify, scope, follow.notify);
  notify.finish();
}

void read_bounds(MapReader& map, const ConfigScope& scope, FollowConfig& follow) {
  if (const auto* node = map.find("min-refresh")) {
    const auto read =
        read_duration(*node, "min-refresh", milliseconds(100), hours(24), scope.findings);
    if (read) follow.bounds.least = *read;
  }
  if (const auto* node = map.find("max-refresh")) {
    const auto read =
        read_duration(*node, "max-refresh", seconds(1), hours(24 * 28), scope.findings);
    if (read) follow.bounds.most = *read;
    if (read && follow.bounds.most < follow.bounds.least) {
      scope.findings.error(node->place, "config-bad-value", "max-refresh is below min-refresh",
                           "make it longer, or write min-refresh, too");
      follow.bounds.most = follow.bounds.least;
    }
  }
  if (const auto* node = map.find("max-size")) {
    const auto read = read_size(*node, "max-size", scope.findings);
    if (read && *read >= 1 && *read <= largest_zone) follow.max_octets = *read;
    if (read && (*read < 1 || *read > largest_zone)) {
      scope.findings.error(node->place, "config-bad-value", "max-size is not from 1 to 16GiB",
                           "write for example 64MiB");
    }
  }
}

void read_ixfr(MapReader& map, const ConfigScope& scope, FollowConfig& follow) {
  const auto* node = map.find("ixfr");
  if (node == nullptr) return;
  static constexpr std::string_view choices[] = {"true", "false", "udp"};
  const auto chosen = read_choice(*node, "ixfr", choices, scope.findings);
  if (!chosen) return;
  follow.use_ixfr = choices[*chosen] != "false";
  follow.ixfr_over_udp = choices[*chosen] == "udp";
  const bool never_over_udp =
      !follow.primaries.empty() &&
      std::all_of(follow.primaries.begin(), follow.primaries.end(),
                  [](const PrimaryConfig& primary) { return primary.tls != nullptr; });
  if (follow.ixfr_over_udp && never_over_udp) {
    scope.findings.error(node->place, "config-bad-value",
                         "ixfr: udp, and all primaries are asked over TLS",
                         "write ixfr: true: what goes over TLS never goes over UDP");
  }
}

}  // namespace

void read_follow(MapReader& map, const ConfigNode& transfer, const ConfigScope& scope,
                 const Config& config, SourceConfig& source) {
  auto follow = std::make_shared<FollowConfig>();
  const auto* key_node = map.find("key");
  const auto key = key_node != nullptr ? read_key_reference(*key_node, scope, config)
                                       : std::optional<dns::Name>();
  const bool is_one = transfer.kind == ConfigNode::Kind::map;
  for (const auto* item : is_one ? std::vector<const ConfigNode*>{&transfer}
                                 : read_items(transfer, "transfer", scope.findings)) {
    read_primary(*item, scope, config, key, *follow);
  }
  if (transfer.kind == ConfigNode::Kind::list && transfer.items.empty()) {
    scope.findings.error(transfer.place, "config-missing-key", "transfer is empty",
                         "write the addresses of the zone's primaries");
  }
  read_notify_from(map, scope, *follow);
  read_notify(map, scope, *follow);
  read_bounds(map, scope, *follow);
  read_ixfr(map, scope, *follow);
  if (const auto* node = map.find("serve-expired")) {
    follow->serve_expired = read_flag(*node, "serve-expired", scope.findings).value_or(false);
  }
  if (const auto* node = map.find("zonemd")) {
    static constexpr std::string_view demands[] = {"ignore", "check", "require"};
    const auto chosen = read_choice(*node, "zonemd", demands, scope.findings);
    if (chosen) follow->digest = static_cast<zonestore::DigestDemand>(*chosen);
  }
  if (follow->primaries.empty()) return;
  source.shown = "transfer from ";
  for (std::size_t i = 0; i < follow->primaries.size(); ++i) {
    source.shown += (i > 0 ? ", " : "") + follow->primaries[i].endpoint.to_text();
  }
  source.follow = std::move(follow);
}

}  // namespace taproot::server
