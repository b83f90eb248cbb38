#include "server/config_url.hpp"

#include "net/endpoint.hpp"

namespace taproot::server {

namespace {

bool is_loopback_host(std::string_view host) {
  if (host == "localhost") return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = net::Address::from_text(host);
  return address && address->is_loopback();
}

}  // namespace

std::optional<UrlFault> fault_of_url(std::string_view url, const UrlUse& use) {
  const bool is_http = url.starts_with("http://");
  if (!is_http && !url.starts_with("https://")) {
    return UrlFault{"config-bad-value", "url is not an https URL", "write https://HOST[:PORT]"};
  }
  url.remove_prefix(is_http ? 7 : 8);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return UrlFault{"config-inline-secret", "url holds a user name or password",
                    "take it out and use " + std::string(use.secret_key)};
  }
  const bool bracketed = authority.starts_with('[');
  const auto colon = authority.find(':', bracketed ? authority.find(']') : 0);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || url.find_first_of(" \t\"<>") != std::string_view::npos) {
    return UrlFault{"config-bad-value", "url has no proper host", "write https://HOST[:PORT]"};
  }
  if (url.find_first_of(use.may_have_query ? "#" : "?#") != std::string_view::npos) {
    return UrlFault{"config-bad-value",
                    use.may_have_query ? "url must not have a fragment"
                                       : "url must not have a query or fragment",
                    "write https://HOST[:PORT]"};
  }
  if (is_http && !is_loopback_host(host)) {
    return UrlFault{"config-plain-http",
                    "url: http to " + std::string(host) + " would send the " +
                        std::string(use.secret) + " in the clear",
                    "use https; http is for 127.0.0.1, [::1] and localhost only"};
  }
  return std::nullopt;
}

}  // namespace taproot::server
