#include "dns/tsig.hpp"

#include <algorithm>
#include <array>

namespace taproot::dns {

namespace {

struct AlgorithmName {
  TsigAlgorithm algorithm;
  std::string_view text;
};

constexpr std::array algorithm_names{
    AlgorithmName{TsigAlgorithm::hmac_sha224, "hmac-sha224"},
    AlgorithmName{TsigAlgorithm::hmac_sha256, "hmac-sha256"},
    AlgorithmName{TsigAlgorithm::hmac_sha384, "hmac-sha384"},
    AlgorithmName{TsigAlgorithm::hmac_sha512, "hmac-sha512"},
    AlgorithmName{TsigAlgorithm::hmac_sha1, "hmac-sha1"},
    AlgorithmName{TsigAlgorithm::hmac_md5, "hmac-md5"},
};

/// MD5's name in messages, which some write in configurations, too (RFC 8945 section 6).
constexpr std::string_view md5_in_full = "hmac-md5.sig-alg.reg.int";
constexpr std::string_view good_ones = "hmac-sha256, hmac-sha224, hmac-sha384 or hmac-sha512";

bool same_word(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) {
                      return lower(static_cast<std::uint8_t>(a)) == static_cast<std::uint8_t>(b);
                    });
}

}  // namespace

std::string to_text(TsigAlgorithm algorithm) {
  return std::string(algorithm_names[static_cast<std::size_t>(algorithm)].text);
}

bool is_weak(TsigAlgorithm algorithm) {
  return algorithm == TsigAlgorithm::hmac_sha1 || algorithm == TsigAlgorithm::hmac_md5;
}

Result<TsigAlgorithm> tsig_algorithm_from_text(std::string_view text, WeakAlgorithms weak) {
  std::string_view word = text;
  if (!word.empty() && word.back() == '.') word.remove_suffix(1);
  if (same_word(word, md5_in_full)) word = "hmac-md5";
  for (const AlgorithmName& name : algorithm_names) {
    if (!same_word(word, name.text)) continue;
    if (!is_weak(name.algorithm) || weak == WeakAlgorithms::allowed) return name.algorithm;
    return fail(Errc::bad_text,
                std::string(name.text) + " is too weak; use " + std::string(good_ones));
  }
  return fail(Errc::bad_text, "\"" + std::string(text.substr(0, 40)) +
                                  "\" is not a TSIG algorithm; use " + std::string(good_ones));
}

Result<TsigKey> TsigKey::from_text(std::string_view text, WeakAlgorithms weak) {
  // Neither an algorithm nor base64 has a colon, so a name may. What is in the text is never
  // shown, as nobody knows which part of a wrong one is the secret.
  const std::size_t second = text.rfind(':');
  const std::size_t first =
      second == std::string_view::npos || second == 0 ? second : text.rfind(':', second - 1);
  if (first == std::string_view::npos || second == 0) {
    return fail(Errc::bad_text, "a TSIG key is written NAME:ALGORITHM:BASE64");
  }
  const auto algorithm = tsig_algorithm_from_text(text.substr(first + 1, second - first - 1), weak);
  if (!algorithm) {
    return fail(Errc::bad_text,
                "a TSIG key is written NAME:ALGORITHM:BASE64; the algorithm is not one of "
                "hmac-sha256, hmac-sha224, hmac-sha384, hmac-sha512");
  }
  auto name = Name::from_text(text.substr(0, first));
  if (!name) return fail(Errc::bad_text, "the name of the TSIG key is not a domain name");
  auto secret = base64_decode(text.substr(second + 1));
  if (!secret) {
    return fail(Errc::bad_text, "TSIG key " + name->to_text() + ": the secret is not base64");
  }
  if (secret->empty()) {
    return fail(Errc::bad_text, "TSIG key " + name->to_text() + ": the secret is empty");
  }
  return TsigKey{std::move(*name), *algorithm, Secret(std::move(*secret))};
}

std::string to_text(TsigError error) {
  switch (error) {
    case TsigError::none:
      return "NOERROR";
    case TsigError::badsig:
      return "BADSIG";
    case TsigError::badkey:
      return "BADKEY";
    case TsigError::badtime:
      return "BADTIME";
    case TsigError::badtrunc:
      return "BADTRUNC";
  }
  return "error " + std::to_string(static_cast<unsigned>(error));
}

}  // namespace taproot::dns
