#include "pushers/drivers/sigv4.hpp"

#include "dns/text_fields.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace taproot::pushers {

namespace {

using Hash = std::array<std::uint8_t, 32>;

std::string hex(const Hash& octets) {
  std::string text;
  dns::append_hex(text, octets);
  return text;
}

std::string_view view(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Hash sha256(std::string_view text) {
  Hash hash{};
  if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot do SHA-256");
  }
  return hash;
}

Hash hmac(std::string_view key, std::string_view text) {
  Hash hash{};
  const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets, text.size(), hash.data(),
           nullptr) == nullptr) {
    throw std::runtime_error("OpenSSL cannot do HMAC-SHA-256");
  }
  return hash;
}

/// The parts of "https://HOST/PATH?QUERY".
struct UrlParts {
  std::string_view host;
  std::string_view path = "/";
  std::string_view query;
};

UrlParts parts_of(std::string_view url) {
  UrlParts parts;
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  const auto end_of_host = std::min(url.find_first_of("/?"), url.size());
  parts.host = url.substr(0, end_of_host);
  url.remove_prefix(end_of_host);
  const auto query = url.find('?');
  if (query != std::string_view::npos) parts.query = url.substr(query + 1);
  if (url.starts_with('/')) parts.path = url.substr(0, query);
  return parts;
}

/// Sorted by name and then value; a name without a value gets an empty one.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += (text.empty() ? "" : "&") + name + "=" + value;
  }
  return text;
}

/// Without blanks at the ends, and one instead of several between.
std::string collapsed(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == ' ' && (text.empty() || text.back() == ' ')) continue;
    text += c;
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;
};

CanonicalHeaders canonical_headers(std::string_view host, const net::HttpHeaders& headers) {
  std::map<std::string, std::string> sorted{{"host", std::string(host)}};
  for (const auto& [name, value] : headers) {
    std::string lowered = name;
    std::transform(lowered.begin(), lowered.end(), lowered.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto [at, is_new] = sorted.emplace(lowered, collapsed(value));
    if (!is_new) at->second += "," + collapsed(value);
  }
  CanonicalHeaders result;
  for (const auto& [name, value] : sorted) {
    result.lines += name + ":" + value + "\n";
    result.names += (result.names.empty() ? "" : ";") + name;
  }
  return result;
}

/// "20150830T123600Z"
std::string time_text(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

void sign_v4(net::HttpRequest& request, const AwsCredentials& credentials, const AwsScope& scope,
             WallTime now) {
  const std::string time = time_text(now);
  const std::string day = time.substr(0, 8);
  request.headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token",
                                 std::string(credentials.session_token.reveal()));
  }
  const UrlParts url = parts_of(request.url);
  const auto headers = canonical_headers(url.host, request.headers);
  const std::string canonical = request.method + "\n" + std::string(url.path) + "\n" +
                                canonical_query(url.query) + "\n" + headers.lines + "\n" +
                                headers.names + "\n" + hex(sha256(request.body));
  const std::string its_scope = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + its_scope + "\n" + hex(sha256(canonical));
  const Secret first("AWS4" + std::string(credentials.secret.reveal()));
  Hash key = hmac(first.reveal(), day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request"), std::string_view(to_sign)}) {
    key = hmac(view(key), part);
  }
  request.headers.emplace_back(
      "Authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.key_id + "/" + its_scope +
                           ", SignedHeaders=" + headers.names + ", Signature=" + hex(key));
}

}  // namespace taproot::pushers
