#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace taproot::pushers {

/// Which TTLs a provider keeps as they are.
struct TtlRule {
  std::uint32_t min = 0;
  std::uint32_t max = dns::max_ttl;
  std::vector<std::uint32_t> allowed;    ///< ascending; empty means all between min and max
  std::optional<std::uint32_t> apex_ns;  ///< the only TTL that the apex NS RRset may have

  /// What the provider would make of `ttl`: the next one it keeps, rather longer than shorter.
  std::uint32_t effective(std::uint32_t ttl) const;

  friend bool operator==(const TtlRule&, const TtlRule&) = default;
};

/// Which TXT rdata a provider keeps as it is.
struct TxtRule {
  std::size_t max_total = 65535;  ///< octets of all strings of one record
  std::size_t max_chunk = 255;    ///< octets of one string
  std::string forbidden;          ///< octets that do not survive
  bool ascii_only = false;
  bool empty_allowed = true;
  /// Compare strings one by one. Off, "ab" and "a" "b" are the same, as they are to readers.
  bool chunks_matter = false;
  /// Characters of one record in presentation format, with its quotes and escapes.
  std::size_t max_written = std::numeric_limits<std::size_t>::max();
  std::size_t max_of_rrset =
      std::numeric_limits<std::size_t>::max();  ///< octets of all its records

  friend bool operator==(const TxtRule&, const TxtRule&) = default;
};

/// What taproot does with the NS RRset at the apex.
enum class ApexNs {
  ignore,  ///< leaves it to the provider
  join,    ///< the provider's own and ours together; nothing is taken away
  manage   ///< ours exactly
};

/// What the SOA at the provider is to us.
enum class SoaRule {
  providers,  ///< made and changed there only
  pushed      ///< ours; whether the serial stays is for the zone to say (Page::serial_is_ours)
};

/// How changes go into requests.
struct BatchLimits {
  std::size_t max_changes = std::numeric_limits<std::size_t>::max();
  std::size_t max_octets = std::numeric_limits<std::size_t>::max();
  std::size_t update_weight = 1;  ///< what an update counts against max_changes
  /// One request carries the whole batch, all or nothing. Otherwise, if a batch of several changes
  /// is refused, the zone is read again and they go one by one.
  bool atomic = false;
  /// Changes are carried out in the order they came: waiting for the last batch is enough.
  bool awaits_last_only = false;
  /// The provider itself refuses a change when what is there is not what the change was made from,
  /// and needs nothing but PlannedChange::before or LiveZone::state_token for that. Of the apex NS
  /// RRset nothing is said.
  bool compares = false;

  friend bool operator==(const BatchLimits&, const BatchLimits&) = default;
};

enum class DriverStatus { stable, experimental, retired };

/// What one kind of provider can hold, and since when we know.
struct Capabilities {
  std::string kind;        ///< the word in the configuration
  std::string checked_on;  ///< the day this was last compared with the provider, 2026-11-23
  DriverStatus status = DriverStatus::stable;

  bool every_type = false;           ///< also types it does not know by name
  std::vector<dns::RRType> types;    ///< if not every_type
  std::vector<dns::RRType> refused;  ///< in spite of the two above
  TtlRule ttl;
  TxtRule txt;
  std::size_t max_records = std::numeric_limits<std::size_t>::max();  ///< of one RRset
  bool wildcard_ns = true;
  bool null_mx = true;  ///< an MX record that says "no mail" (RFC 7505)
  /// What owners may be made of beside letters and digits; empty means all octets.
  std::string owner_characters;
  bool srv_by_service = false;  ///< SRV only at owners _SERVICE._PROTOCOL.…
  ApexNs apex_ns = ApexNs::ignore;
  bool keeps_own_ns = false;  ///< some NS records at the apex are its own, and cannot go
  SoaRule soa = SoaRule::providers;
  BatchLimits batch;
  /// What one access may do unless the configuration says otherwise; nothing: as much as it likes.
  std::optional<unsigned> calls_per_minute;

  bool holds(dns::RRType type) const;

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

/// An RRset as the provider will keep it, and what had to be bent for it.
struct Effective {
  dns::RRset rrset;
  std::vector<std::string> adjusted;  ///< in words, e.g. "TTL 30 becomes 60"
};

/// Why a provider cannot hold an RRset.
struct Unsupported {
  std::string reason;
};

/// What `rrset` of the zone `apex` becomes at such a provider. Data is never bent, only TTLs.
tl::expected<Effective, Unsupported> effective(const Capabilities& capabilities,
                                               const dns::Name& apex, const dns::RRset& rrset);

}  // namespace taproot::pushers
