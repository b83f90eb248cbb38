#pragma once

#include "dns/result.hpp"
#include "dns/secret.hpp"
#include "net/http.hpp"
#include "pushers/rrset_key.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace taproot::pushers {

using WallTime = std::chrono::system_clock::time_point;

/// What kind of trouble a provider made; it decides what Push does about it.
enum class TroubleKind {
  retry_after,      ///< nothing was done: wait, then ask the same again
  conflict,         ///< somebody else wrote: read again and plan again
  already_done,     ///< what was asked for is so: success
  permanent,        ///< this request will never be accepted
  auth,             ///< the key is wrong or lacks a right: stop the provider
  unknown_outcome,  ///< perhaps done, perhaps not: read before anything else
  incomplete_read   ///< what came is not what was asked for: nothing may follow from it
};

/// "retry-after", "conflict", …
std::string to_text(TroubleKind kind);

/// What went wrong at a provider, in words for a person. The words hold no secret and one line.
struct Trouble {
  TroubleKind kind = TroubleKind::permanent;
  std::string words;
  std::optional<std::chrono::seconds> wait;  ///< what the provider asked for
  std::optional<RRsetKey> culprit;           ///< the RRset it complains about, if it says so
  bool throttled = false;                    ///< too many calls, and not only this push's
};

/// What can never be done so.
Trouble permanent_trouble(std::string words);
/// An answer that is not `what` (say "a list of zones") as `sender` sends it.
Trouble unreadable(const std::string& what, const std::string& sender);
/// The same of an answer to a write, so that perhaps it was done.
Trouble unreadable_outcome(const std::string& what, const std::string& sender);

/// Whether a request only reads: then nothing that goes wrong leaves a doubt behind.
enum class Access { read, write };

/// What a request means that got no response.
Trouble trouble_of(const Error& error, Access access);

/// What the status of a response means that is not the documented one; for all HTTP drivers. A
/// driver looks first at the statuses that mean something of their own at its provider. `words`
/// is what the provider says, already without secrets; `now` turns a date into a wait.
Trouble trouble_of(const net::HttpResponse& response, Access access, std::string words,
                   WallTime now);

/// What the Retry-After header asks for (RFC 9110 section 10.2.3): seconds, or a date.
std::optional<std::chrono::seconds> retry_after(const net::HttpResponse& response, WallTime now);

/// What the provider's clock says, by the header Date.
std::optional<WallTime> response_date(const net::HttpResponse& response);

/// That this host's clock and the sender's differ by more than a minute, in words to put behind
/// others; empty if they do not, or nothing tells.
std::string skew_words(const net::HttpResponse& response, WallTime now);

/// `words` with *** in place of a secret that somebody sent back to us.
std::string without_secret(std::string words, const Secret& secret);

/// Text from outside as one short line of printable ASCII, fit for a log.
std::string one_line(std::string_view text, std::size_t max_size = 240);

}  // namespace taproot::pushers
