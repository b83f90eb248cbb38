#pragma once

#include "pushers/drivers/oci_signature.hpp"
#include "server/config.hpp"
#include "zonestore/sources/source_writer.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace taproot::server {

/// The key of a session at Oracle, whose token and private key lie in files that others replace
/// while we run, as `oci session refresh` does: looks at each use whether they have. Belongs to one
/// thread.
class OciSession {
 public:
  /// With what the configuration found there.
  explicit OciSession(const ProviderConfig& provider);

  /// As the files have it now, or as they had it last while they are gone or half written; null if
  /// it was never good.
  std::shared_ptr<const pushers::OciKey> key();

 private:
  /// A file, and by what one can tell that it was replaced.
  struct File {
    std::filesystem::path path;  ///< empty: the secret comes from elsewhere, and stays
    Secret secret;
    std::optional<zonestore::FileStamp> seen;

    bool has_changed();
    bool read();
  };

  void take();

  File token_;
  File private_key_;
  Secret passphrase_;
  std::shared_ptr<const pushers::OciKey> key_;
  std::uint64_t replaced_ = 0;
};

}  // namespace taproot::server
