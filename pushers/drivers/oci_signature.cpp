#include "pushers/drivers/oci_signature.hpp"

#include "dns/digest.hpp"
#include "dns/tsig.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

namespace taproot::pushers {

namespace {

constexpr std::string_view session_prefix = "ST$";  ///< of the name of a session's key

/// "Thu, 05 Jan 2014 21:31:40 GMT" (RFC 9110 section 5.6.7).
std::string date_text(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

std::string sha256_base64(const std::string& text) {
  dns::Digest digest(dns::Digest::Algorithm::sha256);
  digest.add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return dns::base64_encode(digest.finish());
}

struct Target {
  std::string host;
  std::string path_and_query;
};

Target target_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const auto end_of_host = std::min(url.find_first_of("/?"), url.size());
  std::string rest(url.substr(end_of_host));
  if (!rest.starts_with('/')) rest.insert(0, "/");
  return {std::string(url.substr(0, end_of_host)), std::move(rest)};
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

Result<OciKey> OciKey::make(const std::string& tenancy, const std::string& user, const Secret& pem,
                            const Secret& passphrase) {
  auto key = RsaKey::from_pem(pem, passphrase);
  if (!key) return tl::unexpected(key.error());
  const auto fingerprint = key->fingerprint();
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  return OciKey{Secret(tenancy + "/" + user + "/" + *fingerprint), std::move(*key)};
}

Result<OciKey> OciKey::of_session(const Secret& token, const Secret& pem,
                                  const Secret& passphrase) {
  const auto text = token.reveal();
  // It goes into a quoted string of a header.
  const bool is_token = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (!is_token) return fail(Errc::bad_text, "has a session token that is none");
  auto key = RsaKey::from_pem(pem, passphrase);
  if (!key) return tl::unexpected(key.error());
  return OciKey{Secret(std::string(session_prefix) + std::string(text)), std::move(*key)};
}

Secret OciKey::token() const {
  const auto text = id.reveal();
  if (!text.starts_with(session_prefix)) return {};
  return Secret(std::string(text.substr(session_prefix.size())));
}

void sign_oci(net::HttpRequest& request, const OciKey& key, WallTime now) {
  const std::string date = date_text(now);
  const Target target = target_of(request.url);
  std::string names = "date (request-target) host";
  std::string text = "date: " + date + "\n(request-target): " + lowered(request.method) + " " +
                     target.path_and_query + "\nhost: " + target.host;
  request.headers.emplace_back("Date", date);
  if (request.method == "PUT" || request.method == "POST" || request.method == "PATCH") {
    if (!net::find_header(request.headers, "Content-Type")) {
      request.headers.emplace_back("Content-Type", "application/json");
    }
    const std::string digest = sha256_base64(request.body);
    request.headers.emplace_back("X-Content-SHA256", digest);
    names += " content-length content-type x-content-sha256";
    text += "\ncontent-length: " + std::to_string(request.body.size()) +
            "\ncontent-type: " + std::string(*net::find_header(request.headers, "Content-Type")) +
            "\nx-content-sha256: " + digest;
  }
  const auto signature = key.key.sign_sha256(text);
  if (!signature) return;
  request.headers.emplace_back(
      "Authorization", "Signature version=\"1\",keyId=\"" + std::string(key.id.reveal()) +
                           "\",algorithm=\"rsa-sha256\",headers=\"" + names + "\",signature=\"" +
                           dns::base64_encode(*signature) + "\"");
}

}  // namespace taproot::pushers
