#include "server/oci_session.hpp"

#include "server/config_secret.hpp"

#include <utility>

namespace taproot::server {

namespace {

std::filesystem::path file_of(const ProviderConfig& provider, const char* key) {
  const auto found = provider.account.find(key);
  return found == provider.account.end() ? std::string() : found->second;
}

}  // namespace

OciSession::OciSession(const ProviderConfig& provider)
    : token_{file_of(provider, "session-token-file"), provider.session_token, {}},
      private_key_{file_of(provider, "private-key-file"), provider.api_key, {}},
      passphrase_(provider.passphrase) {
  take();
}

std::shared_ptr<const pushers::OciKey> OciSession::key() {
  const bool is_new = token_.has_changed();
  if (private_key_.has_changed() || is_new) {
    // Both, or neither: they belong together.
    if (token_.read() && private_key_.read()) take();
  }
  return key_;
}

bool OciSession::File::has_changed() {
  if (path.empty()) return false;
  const auto stamp = zonestore::stamp_of(path);
  const auto now = stamp ? std::optional(*stamp) : std::nullopt;
  return now != std::exchange(seen, now) && now;
}

bool OciSession::File::read() {
  if (path.empty()) return true;
  auto now = read_secret_file(path);
  if (!now) {
    seen.reset();  // and try again at the next use
    return false;
  }
  secret = std::move(now->secret);
  return true;
}

void OciSession::take() {
  auto key = pushers::OciKey::of_session(token_.secret, private_key_.secret, passphrase_);
  if (!key) return;
  key->mark = ++replaced_;
  key_ = std::make_shared<const pushers::OciKey>(std::move(*key));
}

}  // namespace taproot::server
