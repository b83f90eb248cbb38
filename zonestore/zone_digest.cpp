#include "zonestore/zone_digest.hpp"

#include "dns/digest.hpp"
#include "dns/rdata.hpp"
#include "dns/rdata_layout.hpp"
#include "dns/text_fields.hpp"
#include "zonestore/zone_version.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace taproot::zonestore {

namespace {

using dns::RRType;

constexpr std::uint8_t simple_scheme = 1;
constexpr std::size_t digest_at = 6;  ///< in ZONEMD rdata: serial, scheme, algorithm before
constexpr std::size_t shortest_digest = 12;
constexpr std::size_t original_ttl_at = 4;  ///< in RRSIG rdata
constexpr std::size_t least_rrsig = 18;

dns::Digest::Algorithm method_of(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::sha384 ? dns::Digest::Algorithm::sha384
                                              : dns::Digest::Algorithm::sha512;
}

std::uint32_t u32_at(Octets octets, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | octets[at + i];
  return value;
}

bool covers_zonemd(Octets rrsig) {
  return rrsig.size() >= 2 && rrsig[0] == 0 &&
         rrsig[1] == static_cast<std::uint8_t>(RRType::ZONEMD);
}

/// Feeds records to a digest as they stand in canonical form (RFC 4034 section 6.2), gathered in
/// a buffer: a call for every record would cost more than its digest.
class CanonicalRecords {
 public:
  CanonicalRecords(const ZoneVersion& version, DigestAlgorithm algorithm)
      : apex_(version.apex().lowered()), digest_(method_of(algorithm)) {}

  void add(const Node& node) {
    owner_.assign(node.labels().begin(), node.labels().end());
    std::transform(owner_.begin(), owner_.end(), owner_.begin(), dns::lower);
    owner_.insert(owner_.end(), apex_.wire().begin(), apex_.wire().end());
    for (const auto rrset : node.rrsets()) {
      const bool is_apex_zonemd = node.is_apex() && rrset.type() == RRType::ZONEMD;
      if (!is_apex_zonemd) add(rrset, node.is_apex());
    }
  }
  std::vector<std::uint8_t> finish() {
    flush();
    return digest_.finish();
  }

 private:
  void add(const RRsetView& rrset, bool is_apex) {
    const RRType type = rrset.type();
    const auto* layout = dns::find_layout(type);
    if (layout != nullptr && layout->lowered) return add_lowered(rrset, is_apex);
    for (const Octets rdata : rrset) add_record(type, rrset.ttl(), rdata);
  }
  /// Names inside are in lower case.
  void add_lowered(const RRsetView& rrset, bool is_apex) {
    for (const Octets rdata : rrset) {
      const bool is_signature = rrset.type() == RRType::RRSIG;
      if (is_signature && is_apex && covers_zonemd(rdata)) continue;
      // The TTL of a signature is that of what it covers (RFC 4034 section 3).
      const bool has_ttl = is_signature && rdata.size() >= least_rrsig;
      const std::uint32_t ttl = has_ttl ? u32_at(rdata, original_ttl_at) : rrset.ttl();
      add_record(rrset.type(), ttl, dns::canonical(rrset.type(), dns::Rdata(rdata)).wire());
    }
  }
  void add_record(RRType type, std::uint32_t ttl, Octets rdata) {
    const auto klass = static_cast<std::uint16_t>(dns::Class::IN);
    const auto number = static_cast<std::uint16_t>(type);
    const std::array<std::uint8_t, 10> fixed{
        octet(number, 8),       octet(number, 0),      octet(klass, 8), octet(klass, 0),
        octet(ttl, 24),         octet(ttl, 16),        octet(ttl, 8),   octet(ttl, 0),
        octet(rdata.size(), 8), octet(rdata.size(), 0)};
    buffer_.insert(buffer_.end(), owner_.begin(), owner_.end());
    buffer_.insert(buffer_.end(), fixed.begin(), fixed.end());
    buffer_.insert(buffer_.end(), rdata.begin(), rdata.end());
    constexpr std::size_t enough = std::size_t{64} << 10;
    if (buffer_.size() >= enough) flush();
  }
  static std::uint8_t octet(std::size_t value, unsigned shift) {
    return static_cast<std::uint8_t>(value >> shift);
  }
  void flush() {
    digest_.add(buffer_);
    buffer_.clear();
  }

  dns::Name apex_;
  dns::Digest digest_;
  std::vector<std::uint8_t> owner_;
  std::vector<std::uint8_t> buffer_;
};

dns::Rdata zonemd_rdata(dns::Serial serial, DigestAlgorithm algorithm,
                        const std::vector<std::uint8_t>& digest) {
  std::vector<std::uint8_t> rdata;
  for (int shift = 24; shift >= 0; shift -= 8) {
    rdata.push_back(static_cast<std::uint8_t>(serial.value() >> shift));
  }
  rdata.push_back(simple_scheme);
  rdata.push_back(static_cast<std::uint8_t>(algorithm));
  rdata.insert(rdata.end(), digest.begin(), digest.end());
  return dns::Rdata(Octets(rdata));
}

std::optional<DigestAlgorithm> algorithm_in(Octets zonemd) {
  if (zonemd[4] != simple_scheme) return std::nullopt;
  for (const auto algorithm : {DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
    if (zonemd[5] == static_cast<std::uint8_t>(algorithm)) return algorithm;
  }
  return std::nullopt;
}

/// Section 4 step 4 wants each pair of scheme and algorithm once.
bool is_twice(const RRsetView& zonemds, Octets one) {
  std::size_t count = 0;
  for (const Octets other : zonemds) {
    if (other.size() >= digest_at && other[4] == one[4] && other[5] == one[5]) ++count;
  }
  return count > 1;
}

/// Enough of a digest to tell two of them apart.
std::string beginning_of(Octets digest) {
  constexpr std::size_t shown = 8;
  std::string text;
  dns::append_hex(text, digest.first(std::min(digest.size(), shown)));
  return text + (digest.size() > shown ? "..." : "");
}

/// What one ZONEMD record says of the zone.
DigestVerdict verify_one(const ZoneVersion& version, const RRsetView& zonemds, Octets one) {
  using Kind = DigestVerdict::Kind;
  if (one.size() < digest_at + shortest_digest) return {Kind::mismatch, "a ZONEMD is too short"};
  const auto serial = u32_at(one, 0);
  if (serial != version.serial().value()) {
    return {Kind::mismatch, "ZONEMD is for serial " + std::to_string(serial) + ", the zone has " +
                                std::to_string(version.serial().value())};
  }
  const auto algorithm = algorithm_in(one);
  if (!algorithm) {
    return {Kind::unsupported, "ZONEMD has scheme " + std::to_string(one[4]) +
                                   " and hash algorithm " + std::to_string(one[5]) +
                                   ", which are not known here"};
  }
  if (is_twice(zonemds, one)) {
    return {Kind::mismatch, "two ZONEMD have the same scheme and hash algorithm"};
  }
  const auto digest = digest_of(version, *algorithm);
  const Octets said = one.subspan(digest_at);
  if (std::equal(digest.begin(), digest.end(), said.begin(), said.end())) {
    return {Kind::verified, {}, algorithm};
  }
  return {Kind::mismatch, "ZONEMD of serial " + std::to_string(serial) + " says " +
                              std::string(to_text(*algorithm)) + " " + beginning_of(said) +
                              ", the zone's digest is " + beginning_of(digest)};
}

}  // namespace

std::string_view to_text(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::sha384 ? "sha384" : "sha512";
}

std::string to_text(const DigestVerdict& verdict) {
  switch (verdict.kind) {
    case DigestVerdict::Kind::verified:
      return "verified" +
             (verdict.algorithm ? " (" + std::string(to_text(*verdict.algorithm)) + ")" : "");
    case DigestVerdict::Kind::absent:
      return "absent";
    case DigestVerdict::Kind::unsupported:
      return "unsupported";
    case DigestVerdict::Kind::mismatch:
      break;
  }
  return "mismatch";
}

std::vector<std::uint8_t> digest_of(const ZoneVersion& version, DigestAlgorithm algorithm) {
  CanonicalRecords records(version, algorithm);
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) records.add(*at.leaf());
  return records.finish();
}

Result<std::shared_ptr<const ZoneVersion>> with_digest(const ZoneVersion& version,
                                                       DigestAlgorithm algorithm) {
  const auto soa = version.apex_node().find(RRType::SOA);
  ZoneBuilder builder(version);
  builder.put({version.apex(),
               RRType::ZONEMD,
               (*soa).ttl(),
               {zonemd_rdata(version.serial(), algorithm, digest_of(version, algorithm))}});
  return builder.finish();
}

std::shared_ptr<const ZoneVersion> without_digest(std::shared_ptr<const ZoneVersion> version) {
  if (!version || !version->apex_node().find(RRType::ZONEMD)) return version;
  ZoneBuilder builder(*version);
  builder.remove(version->apex(), RRType::ZONEMD);
  auto without = builder.finish();
  return without ? std::move(*without) : version;
}

/// One digest that is right is enough; if none is, what was wrong counts for more than what is
/// not known.
DigestVerdict verify_digest(const ZoneVersion& version) {
  using Kind = DigestVerdict::Kind;
  const auto found = version.apex_node().find(RRType::ZONEMD);
  if (!found) return {Kind::absent, version.apex().to_text() + " has no ZONEMD"};
  DigestVerdict worst{Kind::unsupported, {}};
  for (const Octets one : *found) {
    auto verdict = verify_one(version, *found, one);
    if (verdict.kind == Kind::verified) return verdict;
    if (verdict.kind == Kind::mismatch || worst.why.empty()) worst = std::move(verdict);
  }
  return worst;
}

std::optional<std::string> why_refused(const DigestVerdict& verdict, DigestDemand demand) {
  using Kind = DigestVerdict::Kind;
  if (demand == DigestDemand::none || verdict.kind == Kind::verified) return std::nullopt;
  if (demand == DigestDemand::check && verdict.kind != Kind::mismatch) return std::nullopt;
  return verdict.why;
}

}  // namespace taproot::zonestore
