#pragma once

#include "pushers/account.hpp"
#include "server/config.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// Which entries of the configuration use the same credential of the same provider, so that they
/// keep to one budget of calls together. An account outlives a new configuration that has it still.
class ProviderAccounts {
 public:
  /// Takes the entries of a new configuration. The least `calls-per-minute` of those that share an
  /// account is that of the account.
  void configure(const std::vector<ProviderConfig>& providers);

  /// The account of an entry; `usual` calls a minute unless any entry of the account says more.
  std::shared_ptr<pushers::Account> account_of(const ProviderConfig& provider,
                                               std::optional<unsigned> usual);

 private:
  struct Entry {
    std::shared_ptr<pushers::Account> account;
    std::optional<unsigned> per_minute;
  };
  std::map<std::string, Entry> entries_;  ///< by account_key_of()
};

/// Stands for kind, address and credential of an entry, as a digest: nobody can read the secret in
/// it. Entries with the same one share an account.
std::string account_key_of(const ProviderConfig& provider);

}  // namespace taproot::server
