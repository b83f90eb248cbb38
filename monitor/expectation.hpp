#pragma once

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/serial.hpp"
#include "dns/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::monitor {

/// What a nameserver of the zone should answer to one question.
struct ExpectedAnswer {
  enum class Kind {
    data,      ///< `wanted` in the answer section, with authority
    absence,   ///< NODATA or NXDOMAIN, with authority
    referral,  ///< `wanted`, the NS of a delegation, in the authority section, without authority
    nxdomain   ///< the name must not exist
  };

  Kind kind = Kind::data;
  dns::Name owner;
  dns::RRType type = dns::RRType::none;
  std::optional<dns::RRset> wanted;  ///< for data and referral

  static ExpectedAnswer data(dns::RRset rrset);
  static ExpectedAnswer absence(dns::Name owner, dns::RRType type);
  static ExpectedAnswer referral(dns::RRset ns);
  static ExpectedAnswer nxdomain(dns::Name owner);
};

/// What comparing one answer with what was expected of it came to.
struct Comparison {
  enum class Outcome {
    matched,
    different,     ///< there is something else, or its TTL differs
    missing,       ///< nothing is there
    not_compared,  ///< the server could not show it: it serves the child zone, too
    no_answer      ///< REFUSED, SERVFAIL, lame
  };
  Outcome outcome = Outcome::matched;
  std::string words;  ///< what differs, for people; empty if it matched
};

/// Compares without regard to order and to the case of names; TTLs too, unless they may differ.
Comparison compare(const ExpectedAnswer& expected, const dns::Message& answer, bool ttl_may_differ);

/// All that one nameserver is expected to say of one zone.
struct Expectation {
  /// The number of the version that all this is of; 0 if nobody has to know.
  std::uint64_t version = 0;
  /// The serial wanted; nothing where the server's serial is not ours to choose (an API provider):
  /// there the answers decide.
  std::optional<dns::Serial> serial;
  /// Asked for after the SOA; null for none. Shared, because many servers are asked the same.
  std::shared_ptr<const std::vector<ExpectedAnswer>> answers;
  bool ttl_may_differ = false;
  /// Ask for the answers also when the serial is not the one wanted.
  bool compare_at_any_serial = false;
};

/// An RRset in a few words, "192.0.2.1 192.0.2.2 (TTL 300)", cut where it gets long.
std::string in_words(const dns::RRset& rrset);

}  // namespace taproot::monitor
