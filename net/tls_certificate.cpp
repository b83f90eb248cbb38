#include "net/tls_native.hpp"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace taproot::net {

namespace {

/// Whoever has more names than this is not known better by them.
constexpr int max_names = 256;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

bool is_name_octet(char octet) {
  return (octet >= 'a' && octet <= 'z') || (octet >= '0' && octet <= '9') || octet == '-' ||
         octet == '_' || octet == '.' || octet == '*';
}

/// In small letters and without the last dot; empty if there are octets that no name has, such as
/// the NUL that once made one name look like another.
std::string plain_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string name(text);
  for (char& octet : name) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet - 'A' + 'a');
    if (!is_name_octet(octet)) return {};
  }
  return name;
}

std::vector<std::string> names_in(const X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, FreeNames> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < std::min(sk_GENERAL_NAME_num(all.get()), max_names); ++i) {
    const GENERAL_NAME* const one = sk_GENERAL_NAME_value(all.get(), i);
    if (one->type != GEN_DNS) continue;
    const auto* octets = reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName));
    auto name = plain_name({octets, static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName))});
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::optional<SpkiPin> pin_in(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return std::nullopt;
  std::array<std::uint8_t, SpkiPin::size> digest{};
  const int done = EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), nullptr,
                              EVP_sha256(), nullptr);
  OPENSSL_free(der);
  if (done != 1) return std::nullopt;
  return SpkiPin::from_digest(digest).value();
}

}  // namespace

TlsPeer peer_of(X509* certificate, long verified) {
  TlsPeer peer;
  if (certificate == nullptr) return peer;
  peer.pin = pin_in(certificate);
  if (verified == X509_V_OK) {
    peer.names = names_in(certificate);
    if (peer.names.empty()) peer.why_nameless = "it has no DNS name in subjectAltName";
  } else {
    peer.why_nameless = X509_verify_cert_error_string(verified);
  }
  return peer;
}

}  // namespace taproot::net
