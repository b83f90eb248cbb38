#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/secret.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "net/tls_context.hpp"
#include "pushers/exec_config.hpp"
#include "server/check_config.hpp"
#include "server/shared_value.hpp"
#include "server/update_policy.hpp"
#include "server/zone_folder.hpp"
#include "xfr/access.hpp"
#include "xfr/refresh_timers.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/journal.hpp"
#include "zonestore/serial_policy.hpp"
#include "zonestore/sources/merged_source.hpp"
#include "zonestore/zone_digest.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

/// How a version comes to a provider.
enum class ProviderKind {
  transfer,
  powerdns,
  rfc2136,
  route53,
  cloudflare,
  google,
  softlayer,
  ns1,
  azure,
  ibm_cis,
  oci,
  dyn,
  exec
};
/// All of them, in the order of their values.
inline constexpr std::string_view provider_kinds[] = {
    "transfer", "powerdns", "rfc2136", "route53", "cloudflare", "google", "softlayer",
    "ns1",      "azure",    "ibm-cis", "oci",     "dyn",        "exec"};
/// "transfer", "powerdns", …: the word in the configuration.
std::string_view to_text(ProviderKind kind);

/// Whether the provider's copy of a zone is ours alone, or shared with other writers: what we did
/// not put there is left alone. docs/providers.md has the details.
enum class Ownership { exclusive, shared };

/// What taproot does with the NS RRset at the apex of a zone there; `automatic`: as is usual there.
enum class ApexNsPolicy { automatic, ignore, join, manage };

/// `automatic`: a changed source is installed and brought to the providers by itself.
/// `on_apply`: only `taproot apply` does.
enum class Publish { automatic, on_apply };

/// One nameserver that the public asks, and where we ask it.
struct NameserverConfig {
  dns::Name name;
  std::vector<net::Endpoint> endpoints;  ///< at least one
  bool operator==(const NameserverConfig&) const = default;
};

/// Who is told of a new version.
struct NotifyTarget {
  net::Endpoint endpoint;
  std::optional<dns::Name> key;  ///< signs the NOTIFY
  /// Over TLS, and never otherwise; null: over UDP, or TCP when that is not answered.
  SharedValue<net::TlsContext> tls = {};

  bool operator==(const NotifyTarget&) const = default;
};

/// Bounds at which a push stops and asks a person; nothing: the pushers' own default.
struct GuardConfig {
  std::optional<unsigned> max_delete_percent;
  std::optional<unsigned> max_update_percent;
  std::optional<std::size_t> max_deletes;
  bool operator==(const GuardConfig&) const = default;
};

/// One provider, whole: what belongs to its kind is set, the rest is empty.
struct ProviderConfig {
  std::string name;
  ProviderKind kind = ProviderKind::transfer;
  std::vector<NameserverConfig> nameservers;
  bool hold = false;   ///< gets nothing and is told nothing until this is taken away
  unsigned stage = 1;  ///< gets a version when all of lower stages have shown it for a while

  // kind transfer
  std::vector<NotifyTarget> notify;
  std::optional<net::Address> notify_source;
  /// The ways its secondaries may transfer: any one that holds is enough. `any` in the file is
  /// 0.0.0.0/0 and ::/0 here.
  std::vector<xfr::AccessRule> access;

  // every other kind
  Ownership ownership = Ownership::exclusive;
  ApexNsPolicy apex_ns = ApexNsPolicy::automatic;
  bool omits_unsupported = false;  ///< what it cannot hold is left out, and does not stop the rest
  GuardConfig guards;
  /// A zone is read whole so often, and between that only what is changed; 0: at each push.
  std::chrono::milliseconds reading_interval = std::chrono::hours(1);
  std::chrono::milliseconds stage_hold{0};  ///< how long lower stages must have shown the version
  std::optional<unsigned> calls_per_minute;
  std::string fence;  ///< our name to other taproots that write there; empty: none do
  SharedValue<pushers::ExecConfig> exec = {};  ///< of exec; null: another kind
  std::string url;                             ///< of its API; empty: where the provider has it
  Secret api_key;                              ///< or its secret access key, or its token
  std::string key_id;                          ///< the key's name, or the user's
  std::map<std::string, std::string> account;  ///< what else says whose zones, by key
  Secret session_token;                        ///< of route53: with keys that end
  Secret passphrase;                           ///< of oci: what its key is encrypted with
  std::map<dns::Name, std::string> ids;        ///< of zones, where several there have one name
  std::optional<net::Endpoint> server;         ///< of rfc2136
  std::optional<dns::Name> update_key;         ///< of rfc2136
  std::shared_ptr<const net::TlsContext> update_tls = nullptr;  ///< of rfc2136; null: plain TCP

  bool operator==(const ProviderConfig&) const = default;
};

/// A document on a server of ours, and how we know that it is the right one.
struct RemoteConfig {
  std::string url;  ///< https, or http on loopback; its query may carry a key
  zonestore::SourceKind kind = zonestore::SourceKind::yaml;
  std::chrono::milliseconds interval = std::chrono::seconds(60);  ///< from one look to the next
  std::chrono::milliseconds timeout = std::chrono::seconds(30);   ///< for all of one look
  std::size_t max_octets = std::size_t{64} << 20;
  Secret token;  ///< sent as a bearer token; empty: none
  std::optional<std::string> ca_file;
  std::optional<std::string> client_certificate;
  std::optional<std::string> client_key;
  bool has_checksum = false;  ///< URL.sha256 must name the document's SHA-256
  /// URL.sig must be a signature of the document by this Ed25519 key: 32 octets.
  std::optional<std::string> signer;

  bool operator==(const RemoteConfig&) const = default;
};

/// One server that a zone is transferred from.
struct PrimaryConfig {
  net::Endpoint endpoint;
  std::optional<dns::Name> key;  ///< signs SOA queries and transfers, and is asked of NOTIFY
  /// SOA queries and transfers go over TLS (RFC 9103), and never otherwise; null: over UDP and TCP.
  SharedValue<net::TlsContext> tls = {};

  bool operator==(const PrimaryConfig&) const = default;
};

/// Where a zone is transferred from, and how it is followed.
struct FollowConfig {
  std::vector<PrimaryConfig> primaries;  ///< in the order they are asked; at least one
  std::vector<net::Prefix> notify_from;  ///< beside the primaries' own addresses
  xfr::AccessRule notify;  ///< transport and TLS identity that a NOTIFY must have, too
  xfr::RefreshBounds bounds;
  std::size_t max_octets = std::size_t{1} << 30;  ///< of all messages of one transfer
  bool use_ixfr = true;
  bool ixfr_over_udp = false;  ///< is tried before TCP (RFC 1995 section 2); never with TLS
  bool serve_expired = false;
  bool is_catalog = false;  ///< what it lists becomes zones of ours
  zonestore::DigestDemand digest = zonestore::DigestDemand::check;

  bool operator==(const FollowConfig&) const = default;
};

/// What catalogs say of a zone beside its name (RFC 9432 section 4.4).
struct CatalogProperties {
  std::vector<std::string> groups;
  std::optional<dns::Name> coo;  ///< the catalog that may take it over

  bool operator==(const CatalogProperties&) const = default;
};

struct ReceivedZone;
struct CatalogWork;

/// One of the sources of a zone that is not just a file.
struct SourceConfig {
  std::string shown;           ///< as the operator wrote it, without what a URL's query may carry
  std::filesystem::path path;  ///< of a file
  std::optional<RemoteConfig> remote;
  SharedValue<FollowConfig> follow;           ///< a transfer: then it is the zone's only source
  std::vector<zonestore::OwnerPattern> owns;  ///< empty: it may have anything

  // Of a document, filled in by RemoteSources before it is read:
  std::string id;                             ///< its name among all documents
  std::vector<std::filesystem::path> copies;  ///< the first that is there holds the document
  std::vector<zonestore::Finding> findings;   ///< why there is none, or why it is not taken
  bool is_catalog = false;                    ///< made of the zones that the same providers get
  std::shared_ptr<const CatalogWork> catalog_work;  ///< filled in by CatalogMaker

  /// Of a transfer, filled in by FollowedSources: null if there is nothing new.
  std::shared_ptr<const ReceivedZone> received;

  bool operator==(const SourceConfig&) const = default;
};

/// One zone and where it comes from. There may be very many: paths are text here, since a
/// std::filesystem::path takes several times their size.
struct ZoneConfig {
  dns::Name name;
  /// The file it comes from, absolute or relative to the working directory; empty with `sources`.
  std::string source;
  std::string shown;                  ///< the source as the operator wrote it, for findings
  std::vector<SourceConfig> sources;  ///< where it comes from if not just from `source`
  std::string directory;              ///< the folder it is one of; empty: it is named
  /// Why it has no source now and is served as it was until a person drops it; empty: it has one.
  std::string vanished;
  std::vector<std::string> providers;
  zonestore::SerialPolicy serial = zonestore::SerialPolicy::increment;
  Publish publish = Publish::automatic;
  SharedCheck check;  ///< null: the rules as they are, and no command
  /// A source that would take more of the names away waits for a person; 100: none does.
  unsigned max_shrink_percent = 20;
  UpdateRules update;  ///< who may change it by UPDATE; null: nobody
  /// Each version gets a ZONEMD record (RFC 8976); nothing: ZONEMD is the source's business.
  std::optional<zonestore::DigestAlgorithm> zonemd;
  SharedValue<CatalogProperties> catalog;  ///< what catalogs say of it; null: nothing
  bool notifies_parent = false;            ///< the parent is told of changed CDS, CDNSKEY and CSYNC

  /// Whether a catalog lists it, or did: then `directory` is the catalog's home.
  bool is_member() const { return directory.starts_with("catalog:"); }
  /// Whether it is a catalog that taproot makes.
  bool is_made_catalog() const { return !sources.empty() && sources.front().is_catalog; }
  /// Whom it follows; null if its source is another.
  const FollowConfig* follow() const {
    return sources.empty() ? nullptr : sources.front().follow.get();
  }
  bool operator==(const ZoneConfig&) const = default;
};

/// As everybody holds it: all share one.
using SharedZoneConfig = std::shared_ptr<const ZoneConfig>;

/// A folder whose files are zones. Those it had when the configuration was read are in
/// Config::zones already; this is for the ones that come and go.
struct DirectoryConfig {
  std::filesystem::path path;
  std::string shown;
  ZoneConfig pattern;            ///< what its zones get; without name and source
  FolderStamp stamp;             ///< as its zones were read
  std::vector<dns::Name> links;  ///< zones whose files are symbolic links
  std::string trouble;           ///< why it could not be read; empty: it could
};

/// A catalog zone (RFC 9432) beside its entry among the zones.
struct CatalogConfig {
  dns::Name name;
  bool is_made = false;  ///< here; otherwise it is followed, and its members become our zones
  ZoneConfig members;    ///< what they get; without a name
  bool drops_vanished = false;

  /// What stands in the place of a folder for its members.
  std::string home() const { return "catalog:" + name.lowered().to_text(); }
};

struct ControlConfig {
  net::Endpoint listen{net::Address::from_text("127.0.0.1").value_or(net::Address()), 8053};
  std::filesystem::path token_file;  ///< never empty after reading: state/control.token by default
  std::vector<std::string> allowed_hosts;  ///< beside the loopback names
};

/// How parents are told of changes for them (RFC 9859).
struct ParentNotifyConfig {
  std::vector<net::Endpoint> resolvers;     ///< asked in this order for DSYNC; at least one
  std::optional<dns::Name> report_channel;  ///< agent domain that reports are to go to (RFC 9567)

  bool operator==(const ParentNotifyConfig&) const = default;
};

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

/// Everything an operator wishes, checked as a whole. A value: making one starts nothing.
struct Config {
  std::filesystem::path file;  ///< empty without a configuration file
  std::vector<net::Endpoint> listen;
  std::vector<net::Endpoint> listen_tls;
  /// Of server.tls, read and checked; null: there is none, and nothing to listen on.
  std::shared_ptr<const net::TlsContext> tls;
  std::optional<unsigned> workers;  ///< nothing: one per core
  /// Those that keys may use although they are weak.
  std::vector<dns::TsigAlgorithm> weak_algorithms;
  std::filesystem::path state;
  ControlConfig control;
  std::vector<dns::TsigKey> keys;
  std::vector<ProviderConfig> providers;
  std::vector<SharedZoneConfig> zones;
  std::vector<DirectoryConfig> directories;
  std::vector<CatalogConfig> catalogs;
  std::optional<ParentNotifyConfig> parent_notify;
  std::chrono::milliseconds probe_interval = std::chrono::seconds(60);
  zonestore::HistoryLimits history;
  /// Octets of transfers that were composed for one secondary and are kept for the next.
  std::size_t kept_transfers = std::size_t{64} << 20;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  const ProviderConfig* find_provider(std::string_view name) const;
  const ZoneConfig* find_zone(const dns::Name& name) const;
  const dns::TsigKey* find_key(const dns::Name& name) const;
};

/// A configuration, or everything that is wrong with it at once.
struct ConfigRead {
  std::optional<Config> config;              ///< nothing if there are errors among the findings
  std::vector<zonestore::Finding> findings;  ///< sorted by line; warnings also beside a config
};

/// What the reader asks of the world besides the file's own text. Tests hand in their own.
struct ConfigWorld {
  /// The value of an environment variable, or nothing.
  std::function<std::optional<std::string>(const std::string&)> environment;
  /// What a command (by /bin/sh -c) writes to standard output; bounded in time and size. The
  /// error never shows the output.
  std::function<Result<Secret>(const std::string&)> run;

  static ConfigWorld real();
};

/// Reads a configuration file with all the files it needs (secrets, folders of zones), but not
/// the zones themselves. Runs the commands of `exec:` secrets, and so may block for seconds.
ConfigRead read_config(const std::filesystem::path& file,
                       const ConfigWorld& world = ConfigWorld::real());

/// The same from text: `shown` is the file's name in findings, `folder` is where relative paths
/// start.
ConfigRead read_config_text(std::string_view text, const std::string& shown,
                            const std::filesystem::path& folder,
                            const ConfigWorld& world = ConfigWorld::real());

/// Where the taproot of a configuration file is spoken to: what commands need of the file, and
/// all they read of it, so that they need not be allowed to read the secrets. Mistakes in other
/// sections are not looked for. Fails with Errc::bad_config.
Result<ControlConfig> read_control_config(const std::filesystem::path& file,
                                          const ConfigWorld& world = ConfigWorld::real());

/// The words of `taproot serve` without a configuration file, as typed.
struct ServeFlags {
  std::vector<std::string> listen;
  std::vector<std::string> zones;  ///< NAME=FILE
  std::optional<std::string> state;
  std::optional<std::string> workers;
  std::vector<std::string> keys;            ///< NAME:ALGORITHM:BASE64
  std::vector<std::string> allow_transfer;  ///< ADDRESS or key:NAME
  std::vector<std::string> notify;          ///< ADDRESS:PORT[,key:NAME]
  std::optional<std::string> control;

  /// Whether any of them was given: then no configuration file is looked for.
  bool any() const;
};

/// A configuration from flags: one implicit transfer provider "secondaries" that every zone has,
/// whose nameservers are the NOTIFY targets. Findings carry the flag in place of the file's name.
ConfigRead config_from_flags(const ServeFlags& flags,
                             const ConfigWorld& world = ConfigWorld::real());

/// Where state goes without a configuration: $XDG_STATE_HOME/taproot, else
/// ~/.local/state/taproot.
std::filesystem::path default_state(const ConfigWorld& world);

/// The findings as one error for those who can show only one: the first of them and how many
/// more there are.
Error to_error(const std::vector<zonestore::Finding>& findings);

}  // namespace taproot::server
