#include "server/handshake_quota.hpp"

#include <algorithm>
#include <chrono>

namespace taproot::server {

double HandshakeQuota::left_of(const Share& share, net::Instant now) const {
  const std::chrono::duration<double> since = now - share.as_of;
  return std::min(burst_, share.left + std::max(0.0, since.count()) * per_second_);
}

bool HandshakeQuota::take(Share& share, net::Instant now) const {
  share.left = left_of(share, now);
  share.as_of = now;
  if (share.left < 1) return false;
  share.left -= 1;
  return true;
}

bool HandshakeQuota::take(const net::Address& source, net::Instant now) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) return take(found->second, now);
  if (sources_.size() >= max_sources) forget(now);
  if (sources_.size() >= max_sources) return take(others_, now);
  return take(sources_.emplace(source, Share{burst_, now}).first->second, now);
}

/// A look at all of them costs something: once a second is enough.
void HandshakeQuota::forget(net::Instant now) {
  if (now - forgot_ < std::chrono::seconds(1)) return;
  forgot_ = now;
  std::erase_if(sources_, [&](const auto& one) { return left_of(one.second, now) >= burst_; });
}

}  // namespace taproot::server
