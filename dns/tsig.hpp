#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/secret.hpp"
#include "dns/types.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::dns {

/// HMACs of RFC 8945 section 6. The last two are weak (is_weak()): for old servers that have
/// nothing better, and only if an operator allows them by name.
enum class TsigAlgorithm {
  hmac_sha224,
  hmac_sha256,
  hmac_sha384,
  hmac_sha512,
  hmac_sha1,
  hmac_md5
};

/// Whether RFC 8945 section 6 says "NOT RECOMMENDED" or "MUST NOT": SHA-1 and MD5.
bool is_weak(TsigAlgorithm algorithm);

/// Whether this build of OpenSSL can do it; one with FIPS rules has no MD5.
bool is_available(TsigAlgorithm algorithm);

/// Whether a weak algorithm may be what a text names.
enum class WeakAlgorithms { refused, allowed };

/// "hmac-sha256" …; the text is read with or without a dot at the end and in any case.
std::string to_text(TsigAlgorithm algorithm);
Result<TsigAlgorithm> tsig_algorithm_from_text(std::string_view text,
                                               WeakAlgorithms weak = WeakAlgorithms::refused);

/// A shared key. It is good with its own algorithm only.
struct TsigKey {
  Name name;
  TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
  Secret secret;  ///< the octets, not base64
  /// A truncated MAC is taken if it has that many octets (RFC 8945 section 5.2.4, the local
  /// policy); 0: the whole MAC is wanted. Never less than section 5.2.2.1 allows.
  std::size_t least_mac = 0;

  bool operator==(const TsigKey&) const = default;

  /// Reads "NAME:ALGORITHM:BASE64", or fails with Errc::bad_text without showing the secret.
  static Result<TsigKey> from_text(std::string_view text,
                                   WeakAlgorithms weak = WeakAlgorithms::refused);
};

/// The fewest octets of a MAC that may be sent at all: ten, or half of it (section 5.2.2.1).
std::size_t shortest_mac(TsigAlgorithm algorithm);
/// Octets of a whole MAC of `algorithm`.
std::size_t mac_size(TsigAlgorithm algorithm);

/// The error field of a TSIG record (RFC 8945 section 3).
enum class TsigError : std::uint16_t {
  none = 0,
  badsig = 16,
  badkey = 17,
  badtime = 18,
  badtrunc = 22
};
std::string to_text(TsigError error);

/// Wall-clock seconds since 1970, as TSIG counts them (48 bits). Handed in: this room has no clock.
using TsigTime = std::uint64_t;

/// What a check of one signed message found.
struct TsigVerdict {
  TsigError error = TsigError::none;
  /// The MAC was right. It also is for badtime and badtrunc: time and length are checked after
  /// the MAC (sections 5.2.3 and 5.2.4).
  bool authentic = false;
  std::string why;  ///< for the log: key name, claimed algorithm, skew in seconds
};

/// What tells one signed request from every other: a copy has the same, however its MAC was
/// shortened and whatever became of its ID on the way.
struct TsigStamp {
  std::array<std::uint8_t, 16> mac{};  ///< of the whole MAC, the first octets
  TsigTime time_signed = 0;
  std::uint16_t fudge = 0;
};

/// One transaction signed with TSIG (RFC 8945): a request and its answer, or a request and the
/// many messages of a transfer. The same class serves both sides: a server calls check_request()
/// and sign_answer()…, a client sign_request() and check_answer()….
class TsigSession {
 public:
  static constexpr std::uint16_t default_fudge = 300;
  /// A requester may ask for more patience than that, but a request is not good for longer than
  /// an hour: who recorded one could send it again all that time.
  static constexpr std::uint16_t longest_fudge = 3600;

  /// For a client: the request will be signed with `key`.
  explicit TsigSession(TsigKey key);

  /// For a server: finds the key of a signed request among `keys` (compared by name; the
  /// algorithm must be the key's own) and checks it. `tsig_at` is where the TSIG record begins.
  /// Malformed TSIG data (RFC 8945 section 5.2: octets left over, wrong class or TTL, a MAC that
  /// is longer than its algorithm's or shorter than shortest_mac()) fails with Errc::bad_message
  /// and deserves FORMERR. Otherwise the session can make the answer, also the error answer, that
  /// `verdict` calls for; that one has the RCODE NOTAUTH.
  ///
  /// Checked in this order, so that nothing of a message is believed before its MAC:
  ///
  ///     record ─ FORMERR   key ─ BADKEY   length ─ FORMERR   MAC ─ BADSIG   time ─ BADTIME
  ///                                                              truncation ─ BADTRUNC
  static Result<TsigSession> check_request(Octets request, std::size_t tsig_at,
                                           const std::vector<TsigKey>& keys, TsigTime now,
                                           TsigVerdict& verdict);

  TsigSession(TsigSession&&) noexcept;
  TsigSession& operator=(TsigSession&&) noexcept;
  ~TsigSession();

  const Name& key_name() const;
  /// Of a request that was checked and whose MAC was right.
  const TsigStamp& stamp() const;
  /// Octets a TSIG record made by sign() takes at most: keep them free in the buffer.
  std::size_t max_size() const;

  /// Appends a TSIG record to the request in `message` and adjusts ARCOUNT.
  void sign_request(std::vector<std::uint8_t>& message, TsigTime now);

  /// Appends a TSIG record to an answer of `size` octets in `buffer` and returns the new size.
  /// Called again it continues the chain of a transfer (section 5.3.1): the first message and
  /// all later ones are each signed, as a server MUST; it would not pay to leave any out, as the
  /// MAC covers the octets of all messages either way. With badkey or badsig in the verdict the
  /// record is unsigned, with badtime it carries `now` in other data (section 5.3.2). Fails with
  /// Errc::too_large if the buffer has no room.
  Result<std::size_t> sign_answer(std::span<std::uint8_t> buffer, std::size_t size, TsigTime now);

  /// Checks an answer, and each following message of a transfer in order. Messages without TSIG
  /// are allowed between signed ones (at most 99, section 5.3.1); `last` demands a signature.
  TsigVerdict check_answer(Octets message, std::optional<std::size_t> tsig_at, TsigTime now,
                           bool last = true);

 private:
  struct State;
  explicit TsigSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Decodes base64 (RFC 4648; blanks are skipped); Errc::bad_text otherwise.
Result<std::string> base64_decode(std::string_view text);
std::string base64_encode(Octets octets);

}  // namespace taproot::dns
