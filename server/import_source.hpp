#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/tsig.hpp"
#include "net/tls_context.hpp"
#include "server/config.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/sources/comments.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

/// A zone as it was found somewhere, on its way into a file of ours.
struct ImportedZone {
  std::string source;  ///< "zone file old.zone", "AXFR from 192.0.2.1:53", …
  zonestore::SourceRecords records;
  zonestore::SourceComments comments;
  /// What is there and cannot be taken along, one line each.
  std::vector<std::string> left_behind;
};

/// How long and with what a server is asked for a zone.
struct ImportTransfer {
  std::optional<dns::TsigKey> key;
  std::chrono::seconds deadline{300};
  /// Over TLS, and never otherwise. With neither hostname nor pin the server's address as it was
  /// typed is the hostname.
  std::optional<net::TlsClientSettings> tls = std::nullopt;
};

/// The word that begins the address of a server to transfer from.
inline constexpr std::string_view axfr_scheme = "axfr://";
inline constexpr std::string_view axfr_tls_scheme = "axfr+tls://";

/// Reads a zone from a file of any kind, with its comments. What is wrong with the text is among
/// the records' findings. Fails if the file cannot be read at all.
Result<ImportedZone> import_from_file(const dns::Name& apex, const std::filesystem::path& file,
                                      const std::string& shown);

/// Transfers a zone from the server at "HOST[:PORT]", by name or address ("[::1]:53"). Waits for
/// it on a loop of its own. Errors begin with the server's address; see xfr::TransferClient.
Result<ImportedZone> import_by_axfr(const dns::Name& apex, std::string_view host_and_port,
                                    const ImportTransfer& transfer);

/// Reads a zone at a provider that has an API, whole or not at all.
Result<ImportedZone> import_from_provider(const dns::Name& apex, const ProviderConfig& provider,
                                          const std::vector<dns::TsigKey>& keys,
                                          std::chrono::seconds deadline);

}  // namespace taproot::server
