#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "pushers/rrset_key.hpp"
#include "pushers/trouble.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace taproot::pushers {

/// What may be done with an RRset as a provider lists it.
enum class LiveKind {
  plain,    ///< ordinary data, read whole
  foreign,  ///< the provider's own: it can be read, and not be changed
  opaque    ///< more or less than an RRset: an alias, a weighted set, disabled records, …
};

/// One RRset at a provider. Of an opaque one the rdata may be missing, and the type may be none.
struct LiveRRset {
  dns::RRset rrset;  ///< normalised
  LiveKind kind = LiveKind::plain;
  std::string why;               ///< why it is not plain, in words
  std::vector<std::string> ids;  ///< the provider's ids of its records, where it has some
  // Of single records that do not make an RRset as they are (RFC 2181 section 5).
  bool has_copies = false;      ///< a record is there twice
  bool has_mixed_ttls = false;  ///< rrset.ttl is the least of them

  RRsetKey key() const { return {rrset.owner, rrset.type}; }
  /// It has to be written again, even if it says what is wanted.
  bool is_uneven() const { return has_copies || has_mixed_ttls; }

  void make_opaque(std::string words);
  /// Takes a record as it could be read; one that could not makes the RRset opaque.
  void take(Result<dns::Rdata> record);
};

/// Why a record that could not be read is not plain.
std::string why_unreadable(const Error& error);

/// Where a zone is at a provider.
struct ZoneRef {
  dns::Name apex;
  std::string id;  ///< as the provider spelled it; a driver escapes it in a URL
};

/// A part of all zones at a provider; `next` is the cursor of the rest.
struct ZonesPage {
  std::vector<ZoneRef> zones;
  std::optional<std::string> next;
};

/// A part of a zone as the provider lists it; `next` is the cursor of the rest.
struct Page {
  std::vector<LiveRRset> rrsets;
  std::optional<std::string> next;
  /// The provider itself says that there is no more, and counts agree. Meaningful on the last
  /// page only; without it nothing is written.
  bool complete = false;
  bool has_parts = false;          ///< an RRset may go on in another page
  std::string state_token;         ///< an ETag or the like, of the last page that has one
  bool serial_is_ours = false;     ///< the SOA serial that is pushed is the one that is served
  std::vector<std::string> notes;  ///< what a person should know about the zone there
  /// The zone's SOA serial there, where an answer tells it beside the RRsets it lists.
  std::optional<std::uint32_t> serial;
};

/// What a provider has of one zone, read in one go.
struct LiveZone {
  ZoneRef zone;
  std::vector<LiveRRset> rrsets;
  bool complete = false;
  std::string state_token;
  bool serial_is_ours = false;
  std::vector<std::string> notes;
  bool has_parts = false;  ///< an RRset may stand in several parts, each with its own ids

  /// Appends a page. RRsets that are listed twice stay so, see gathered().
  void add(Page page) {
    for (auto& live : page.rrsets) rrsets.push_back(std::move(live));
    for (auto& note : page.notes) notes.push_back(std::move(note));
    if (!page.state_token.empty()) state_token = std::move(page.state_token);
    serial_is_ours = page.serial_is_ours;
    has_parts = page.has_parts;
    complete = !page.next && page.complete;
  }
};

using LiveRRsets = std::map<RRsetKey, LiveRRset>;

/// The RRsets of a zone as a provider has them, each once: parts are put together, and what is
/// listed twice for no reason is opaque.
LiveRRsets gathered(const LiveZone& live);

/// The provider says with certainty that it has no such thing. Never an empty zone.
struct Absent {};

/// What was seen at a provider: a value, its certain absence, or nothing one may rely on.
template <class T>
class Seen {
 public:
  Seen(T value) : what_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Seen(Absent absent) : what_(absent) {}                // NOLINT(google-explicit-constructor)
  Seen(Trouble trouble) : what_(std::move(trouble)) {}  // NOLINT(google-explicit-constructor)

  bool is_absent() const { return std::holds_alternative<Absent>(what_); }
  /// Null when absent or unknown.
  const T* value() const { return std::get_if<T>(&what_); }
  T* value() { return std::get_if<T>(&what_); }
  /// Why nothing is known; null otherwise.
  const Trouble* trouble() const { return std::get_if<Trouble>(&what_); }

 private:
  std::variant<T, Absent, Trouble> what_;
};

}  // namespace taproot::pushers
