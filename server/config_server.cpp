#include "server/config_sections.hpp"
#include "server/config_tls.hpp"

namespace taproot::server {

namespace {

constexpr unsigned max_workers = 256;

void read_weak(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  static constexpr std::string_view what = "server.allow-weak-algorithms";
  for (const auto* item : read_items(node, what, scope.findings)) {
    const auto text = read_text(*item, what, scope.findings);
    if (!text) continue;
    const auto algorithm = dns::tsig_algorithm_from_text(*text, dns::WeakAlgorithms::allowed);
    if (!algorithm || !dns::is_weak(*algorithm)) {
      scope.findings.error(item->place, "config-bad-value",
                           std::string(what) + ": \"" + *text + "\" is not a weak algorithm",
                           "write hmac-sha1 or hmac-md5; the others need no permission");
    } else if (!dns::is_available(*algorithm)) {
      scope.findings.error(item->place, "config-bad-value",
                           dns::to_text(*algorithm) + " is forbidden by this host's OpenSSL",
                           "use hmac-sha256 on both sides");
    } else {
      config.weak_algorithms.push_back(*algorithm);
    }
  }
}

}  // namespace

std::filesystem::path resolve(const ConfigScope& scope, const std::string& path) {
  const std::filesystem::path written(path);
  return written.is_absolute() ? written : (scope.folder / written).lexically_normal();
}

bool is_exposed(const net::Endpoint& control) {
  return !control.address().is_loopback();
}

void read_server_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  MapReader map(node, scope.findings, "server");
  if (const auto* listen = map.find("listen")) {
    for (const auto* item : read_items(*listen, "server.listen", scope.findings)) {
      const auto endpoint = read_endpoint(*item, "server.listen", std::nullopt, scope.findings);
      if (endpoint) config.listen.push_back(*endpoint);
    }
  }
  if (const auto* listen = map.find("listen-tls")) {
    for (const auto* item : read_items(*listen, "server.listen-tls", scope.findings)) {
      const auto endpoint = read_endpoint(*item, "server.listen-tls", tls_port, scope.findings);
      if (endpoint) config.listen_tls.push_back(*endpoint);
    }
  }
  if (const auto* tls = map.find("tls")) {
    config.tls = read_tls_server(*tls, scope);
  } else if (!config.listen_tls.empty()) {
    scope.findings.error(map.place(), "config-missing-key", "server has listen-tls but no tls",
                         "write tls: {certificate: FILE, key: FILE}");
  }
  if (const auto* size = map.find("kept-transfers")) {
    const auto octets = read_size(*size, "server.kept-transfers", scope.findings);
    if (octets) config.kept_transfers = *octets;
  }
  if (const auto* workers = map.find("workers"); workers != nullptr && workers->text != "auto") {
    const auto count = read_count(*workers, "server.workers", 1, max_workers, scope.findings);
    if (count) config.workers = static_cast<unsigned>(*count);
  }
  if (const auto* weak = map.find("allow-weak-algorithms")) read_weak(*weak, scope, config);
  map.finish();
}

void read_control_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  MapReader map(node, scope.findings, "control");
  if (const auto* listen = map.find("listen")) {
    const auto endpoint = read_endpoint(*listen, "control.listen", std::nullopt, scope.findings);
    if (endpoint) config.control.listen = *endpoint;
    if (endpoint && is_exposed(*endpoint)) {
      scope.findings.error(listen->place, "config-control-exposed",
                           "control.listen: " + endpoint->to_text() +
                               " can be reached from other hosts, and the control API has no TLS",
                           "listen on 127.0.0.1:8053 and reach it through SSH or a TLS proxy");
    }
  }
  if (const auto* file = map.find("token-file")) {
    const auto path = read_text(*file, "control.token-file", scope.findings);
    if (path) config.control.token_file = resolve(scope, *path);
  }
  if (const auto* hosts = map.find("allowed-hosts")) {
    for (const auto* item : read_items(*hosts, "control.allowed-hosts", scope.findings)) {
      const auto host = read_text(*item, "control.allowed-hosts", scope.findings);
      if (host) config.control.allowed_hosts.push_back(*host);
    }
  }
  map.finish();
}

void read_probe_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  using std::chrono::hours;
  using std::chrono::seconds;
  MapReader map(node, scope.findings, "probe");
  if (const auto* interval = map.find("interval")) {
    const auto time =
        read_duration(*interval, "probe.interval", seconds(1), hours(24), scope.findings);
    if (time) config.probe_interval = *time;
  }
  map.finish();
}

void read_parent_notify_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  constexpr std::uint16_t dns_port = 53;
  MapReader map(node, scope.findings, "parent-notify");
  ParentNotifyConfig read;
  const auto* resolver =
      map.need("resolver", "write resolver: ADDRESS of a resolver that this host may ask");
  if (resolver != nullptr) {
    for (const auto* item : read_items(*resolver, "parent-notify.resolver", scope.findings)) {
      const auto endpoint =
          read_endpoint(*item, "parent-notify.resolver", dns_port, scope.findings);
      if (endpoint) read.resolvers.push_back(*endpoint);
    }
    if (resolver->kind == ConfigNode::Kind::list && resolver->items.empty()) {
      scope.findings.error(resolver->place, "config-bad-value", "parent-notify.resolver is empty",
                           "write the address of a resolver");
    }
  }
  if (const auto* channel = map.find("report-channel")) {
    read.report_channel = read_name(*channel, "parent-notify.report-channel", scope.findings);
  }
  map.finish();
  if (!read.resolvers.empty()) config.parent_notify = std::move(read);
}

void read_history_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  constexpr std::uint64_t most = 1'000'000'000;
  MapReader map(node, scope.findings, "history");
  if (const auto* steps = map.find("memory-steps")) {
    const auto count = read_count(*steps, "history.memory-steps", 0, most, scope.findings);
    if (count) config.history.memory_steps = *count;
  }
  if (const auto* size = map.find("memory-size")) {
    const auto octets = read_size(*size, "history.memory-size", scope.findings);
    if (octets) config.history.memory_octets = *octets;
  }
  if (const auto* versions = map.find("disk-versions")) {
    const auto count = read_count(*versions, "history.disk-versions", 2, most, scope.findings);
    if (count) config.history.disk_versions = *count;
  }
  if (const auto* size = map.find("disk-size")) {
    const auto octets = read_size(*size, "history.disk-size", scope.findings);
    if (octets) config.history.disk_octets = *octets;
  }
  map.finish();
}

void read_log_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  static constexpr std::string_view levels[] = {"debug", "info", "warning", "error"};
  static constexpr std::string_view formats[] = {"text", "json"};
  MapReader map(node, scope.findings, "log");
  if (const auto* level = map.find("level")) {
    const auto chosen = read_choice(*level, "log.level", levels, scope.findings);
    if (chosen) config.log_level = static_cast<LogLevel>(*chosen);
  }
  if (const auto* format = map.find("format")) {
    const auto chosen = read_choice(*format, "log.format", formats, scope.findings);
    if (chosen) config.log_format = static_cast<LogFormat>(*chosen);
  }
  map.finish();
}

}  // namespace taproot::server
