#include "server/provider_accounts.hpp"

#include "server/remote_proof.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace taproot::server {

namespace {

/// Which of an account's zones an entry is about, and not whose they are.
bool narrows(const std::string& key) {
  return key == "resource-group" || key == "crn";
}

}  // namespace

std::string account_key_of(const ProviderConfig& provider) {
  std::string all;
  const auto add = [&all](std::string_view part) {
    all += std::to_string(part.size()) + ":";
    all += part;
  };
  add(std::to_string(static_cast<int>(provider.kind)));
  add(provider.url);
  add(provider.key_id);
  add(provider.api_key.reveal());
  add(provider.session_token.reveal());
  for (const auto& [key, value] : provider.account) {
    if (narrows(key)) continue;
    add(key);
    add(value);
  }
  if (provider.server) add(provider.server->to_text());
  if (provider.update_key) add(provider.update_key->to_text());
  if (provider.kind == ProviderKind::exec) add(provider.name);  // who knows what it calls
  return sha256_of(all);
}

void ProviderAccounts::configure(const std::vector<ProviderConfig>& providers) {
  std::map<std::string, Entry> entries;
  for (const auto& provider : providers) {
    if (provider.kind == ProviderKind::transfer) continue;
    Entry& entry = entries[account_key_of(provider)];
    const auto wanted = provider.calls_per_minute;
    if (wanted) entry.per_minute = std::min(entry.per_minute.value_or(*wanted), *wanted);
  }
  for (auto& [key, entry] : entries) {
    const auto known = entries_.find(key);
    entry.account = known == entries_.end() ? std::make_shared<pushers::Account>()
                                            : std::move(known->second.account);
  }
  entries_ = std::move(entries);
}

std::shared_ptr<pushers::Account> ProviderAccounts::account_of(const ProviderConfig& provider,
                                                               std::optional<unsigned> usual) {
  const auto found = entries_.find(account_key_of(provider));
  if (found == entries_.end()) return nullptr;
  found->second.account->limit(found->second.per_minute ? found->second.per_minute : usual);
  return found->second.account;
}

}  // namespace taproot::server
