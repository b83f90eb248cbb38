#include "net/tls_peer.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <string>

namespace taproot::net {

namespace {

constexpr std::size_t base64_size = 44;   // of 32 octets, with one "=" at its end
constexpr std::size_t decoded_size = 33;  // the padding counts as an octet to the decoder

}  // namespace

Result<SpkiPin> SpkiPin::from_text(std::string_view text) {
  std::array<std::uint8_t, decoded_size> decoded{};
  const auto* octets = reinterpret_cast<const unsigned char*>(text.data());
  const bool is_pin = text.size() == base64_size && text.back() == '=' &&
                      text[base64_size - 2] != '=' &&
                      EVP_DecodeBlock(decoded.data(), octets, static_cast<int>(base64_size)) ==
                          static_cast<int>(decoded_size);
  if (!is_pin) return fail(Errc::bad_text, "a pin is base64 of 32 octets: 44 characters");
  auto pin = from_digest(Octets(decoded).first(size));
  // The decoder takes unused bits and blanks as they come: one pin has one text.
  if (pin->to_text() != text) return fail(Errc::bad_text, "the pin is not proper base64");
  return pin;
}

Result<SpkiPin> SpkiPin::from_digest(Octets digest) {
  if (digest.size() != size) return fail(Errc::bad_text, "a SHA-256 digest has 32 octets");
  SpkiPin pin;
  std::copy(digest.begin(), digest.end(), pin.digest_.begin());
  return pin;
}

std::string SpkiPin::to_text() const {
  std::array<unsigned char, base64_size + 1> text{};
  EVP_EncodeBlock(text.data(), digest_.data(), static_cast<int>(size));
  return {text.begin(), text.begin() + base64_size};
}

}  // namespace taproot::net
