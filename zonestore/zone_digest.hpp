#pragma once

#include "dns/result.hpp"
#include "dns/rrset.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

class ZoneVersion;

/// How a zone's digest is computed (RFC 8976 section 5.3). The scheme is always SIMPLE: over all
/// records, in canonical order.
enum class DigestAlgorithm : std::uint8_t { sha384 = 1, sha512 = 2 };

std::string_view to_text(DigestAlgorithm algorithm);

/// The digest over all of a version but the ZONEMD records at its apex and their signatures
/// (section 3.3.1). Costs the zone: about a second for four million records. Any thread.
std::vector<std::uint8_t> digest_of(const ZoneVersion& version, DigestAlgorithm algorithm);

/// The same zone with the one ZONEMD record that is right for it; the TTL is the SOA's. Costs the
/// zone.
Result<std::shared_ptr<const ZoneVersion>> with_digest(const ZoneVersion& version,
                                                       DigestAlgorithm algorithm);

/// The same zone without ZONEMD at its apex; `version` itself if it has none. Costs nothing much.
std::shared_ptr<const ZoneVersion> without_digest(std::shared_ptr<const ZoneVersion> version);

/// Whether a zone's ZONEMD records are right, as whoever got it by transfer wants to know.
struct DigestVerdict {
  enum class Kind {
    verified,     ///< one of the digests is right
    absent,       ///< there is no ZONEMD
    unsupported,  ///< none is of a scheme and algorithm that is known here: nothing can be said
    mismatch      ///< the zone is not what its ZONEMD says, or that is not well formed
  };
  Kind kind = Kind::absent;
  std::string why;                                ///< unless verified: in words for a log
  std::optional<DigestAlgorithm> algorithm = {};  ///< of the digest that was right
};

/// "verified (sha384)", "absent", "unsupported", "mismatch".
std::string to_text(const DigestVerdict& verdict);

/// RFC 8976 section 4, steps 3 to 5 (signatures are the business of others). Costs the zone if
/// there is a digest to compare. Any thread.
DigestVerdict verify_digest(const ZoneVersion& version);

/// What is demanded of the ZONEMD of a zone that comes from elsewhere.
enum class DigestDemand {
  none,    ///< it is not looked at
  check,   ///< if there is one that can be verified, it is right
  require  ///< there is one, and it is right
};

/// Why a zone with this verdict is not to be taken, or nothing.
std::optional<std::string> why_refused(const DigestVerdict& verdict, DigestDemand demand);

}  // namespace taproot::zonestore
