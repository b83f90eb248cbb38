#pragma once

#include "dns/result.hpp"
#include "server/config.hpp"

#include <filesystem>
#include <set>
#include <string>

namespace taproot::server {

/// Which providers a person holds with `taproot provider hold`, kept in a file of the state folder,
/// so that a restart does not let them go on.
class HeldProviders {
 public:
  /// Reads the file; one that cannot be read is logged, and then nobody is held.
  explicit HeldProviders(const std::filesystem::path& state);

  bool has(const std::string& provider) const { return names_.contains(provider); }

  /// Takes down who is held from now on; if that fails nothing has changed.
  Result<void> set(const std::string& provider, bool held);

  /// Holds them in a configuration, too.
  void apply(Config& config) const;

 private:
  std::filesystem::path file_;
  std::set<std::string> names_;
};

}  // namespace taproot::server
