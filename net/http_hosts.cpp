#include "net/http_hosts.hpp"

#include <algorithm>

namespace taproot::net {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// "[::1]:8053" -> "[::1]"
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  const bool has_port = colon != host.npos && (bracket == host.npos || colon > bracket);
  return has_port ? host.substr(0, colon) : host;
}

}  // namespace

HttpHosts::HttpHosts(const Endpoint& local, const std::vector<std::string>& names) {
  for (const auto& name : names) names_.push_back(lower(name));
  const auto& address = local.address();
  if (!address.is_wildcard()) {
    names_.push_back(address.is_ipv6() ? "[" + address.to_text() + "]" : address.to_text());
  }
  if (address.is_loopback()) names_.emplace_back("localhost");
}

bool HttpHosts::allow(std::optional<std::string_view> host) const {
  if (!host) return false;
  const auto full = lower(*host);
  const auto bare = without_port(full);
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return name == full || name == bare; });
}

}  // namespace taproot::net
