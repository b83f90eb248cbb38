#include "pushers/base_url.hpp"

#include "net/endpoint.hpp"

#include <algorithm>
#include <charconv>

namespace taproot::pushers {

namespace {

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto address =
      net::Address::from_text(is_bracketed ? host.substr(1, host.size() - 2) : host);
  return address && address->is_loopback();
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc{} && stop == end && port >= 1 && port <= 65535;
}

bool is_host_octet(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '-' || c == '_';
}

/// Splits "host", "host:port", "[v6]" or "[v6]:port"; nothing if it is none of them.
std::optional<std::string_view> host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = authority.substr(0, close + 1);
    rest = authority.substr(close + 1);
    const auto address = net::Address::from_text(host.substr(1, host.size() - 2));
    if (!address || !address->is_ipv6()) return std::nullopt;
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
    if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_octet)) return std::nullopt;
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  return host;
}

}  // namespace

std::optional<std::string> why_bad_url(std::string_view url) {
  const bool is_https = url.starts_with("https://");
  if (!is_https && !url.starts_with("http://")) {
    return "the URL must begin with https:// (or http:// on this machine)";
  }
  for (const char c : url) {
    if (c <= ' ' || c >= 0x7f) return "the URL holds a blank or another octet that cannot be there";
  }
  if (url.find_first_of("?#") != std::string_view::npos) {
    return "the URL must end with its path: leave out what begins with ? or #";
  }
  url.remove_prefix(is_https ? 8 : 7);
  const std::string_view authority = url.substr(0, url.find('/'));
  if (authority.find('@') != std::string_view::npos) {
    return "the URL holds a user or password: put the key into a file and leave out what stands "
           "before @";
  }
  const auto host = host_of(authority);
  if (!host) return "the URL has no valid host and port";
  if (!is_https && !is_loopback(*host)) {
    return "the key would travel in the clear: use https:// for a host that is not this machine";
  }
  return std::nullopt;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      encoded += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[octet >> 4];
    encoded += digits[octet & 15];
  }
  return encoded;
}

}  // namespace taproot::pushers
