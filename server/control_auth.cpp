#include "server/control_auth.hpp"

#include <openssl/crypto.h>

namespace taproot::server {

namespace {

bool is_bearer(std::string_view text) {
  constexpr std::string_view scheme = "bearer ";
  if (text.size() < scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != scheme[i]) return false;
  }
  return true;
}

/// Takes the same time wherever the two differ; how long a token is, is no secret.
bool is_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && !a.empty() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

TokenGuard::Verdict TokenGuard::check(std::optional<std::string_view> authorization,
                                      net::Instant now) {
  while (!wrong_.empty() && now - wrong_.front() >= window) wrong_.pop_front();
  if (!authorization || !is_bearer(*authorization)) return Verdict::missing;
  if (wrong_.size() >= max_wrong) return Verdict::too_many;
  if (is_equal(authorization->substr(7), token_.reveal())) return Verdict::allowed;
  wrong_.push_back(now);
  return Verdict::wrong;
}

}  // namespace taproot::server
