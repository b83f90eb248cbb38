#include "pushers/capabilities.hpp"

#include "dns/octets.hpp"

#include <algorithm>

namespace taproot::pushers {

namespace {

using dns::RRType;

/// What is wrong with one string of a TXT record, or nothing.
std::optional<std::string> why_bad_chunk(const TxtRule& rule, Octets chunk) {
  if (chunk.size() > rule.max_chunk) {
    return "a TXT string of " + std::to_string(chunk.size()) + " octets, more than " +
           std::to_string(rule.max_chunk);
  }
  for (const std::uint8_t octet : chunk) {
    const bool is_ascii = octet >= 0x20 && octet < 0x7f;
    if (rule.ascii_only && !is_ascii) return "a TXT string that is not printable ASCII";
    if (rule.forbidden.find(static_cast<char>(octet)) != std::string::npos) {
      return std::string("a TXT string with the octet ") + std::to_string(octet) +
             ", which does not survive there";
    }
  }
  return std::nullopt;
}

std::optional<std::string> why_bad_txt(const TxtRule& rule, Octets rdata) {
  std::size_t total = 0;
  while (!rdata.empty()) {
    const std::size_t size = std::min<std::size_t>(rdata[0], rdata.size() - 1);
    if (auto why = why_bad_chunk(rule, rdata.subspan(1, size))) return why;
    total += size;
    rdata = rdata.subspan(1 + size);
  }
  if (total == 0 && !rule.empty_allowed) return "an empty TXT record";
  if (total > rule.max_total) {
    return "a TXT record of " + std::to_string(total) + " octets, more than " +
           std::to_string(rule.max_total);
  }
  return std::nullopt;
}

bool is_letter_or_digit(std::uint8_t octet) {
  return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'z') ||
         (octet >= 'A' && octet <= 'Z');
}

std::optional<std::string> why_bad_owner(const Capabilities& capabilities,
                                         const dns::RRset& rrset) {
  Octets rest = rrset.owner.wire();
  bool is_service = true;
  for (std::size_t label = 0; rest[0] != 0; ++label) {
    const Octets text = rest.subspan(1, rest[0]);
    for (const std::uint8_t octet : text) {
      const auto& allowed = capabilities.owner_characters;
      if (allowed.empty() || is_letter_or_digit(octet)) continue;
      if (allowed.find(static_cast<char>(octet)) == std::string::npos) {
        return "a name with the octet " + std::to_string(octet);
      }
    }
    if (label < 2) is_service = is_service && text[0] == '_';
    rest = rest.subspan(1 + text.size());
  }
  if (rrset.type != RRType::SRV || !capabilities.srv_by_service || is_service) return std::nullopt;
  return "SRV records whose owner does not begin with _SERVICE._PROTOCOL";
}

constexpr std::size_t null_mx_size = 3;  // the preference, and a name of one octet

bool is_null_mx(const dns::RRset& rrset) {
  return std::any_of(rrset.rdata.begin(), rrset.rdata.end(),
                     [](const auto& rdata) { return rdata.wire().size() == null_mx_size; });
}

std::optional<std::string> why_unsupported(const Capabilities& capabilities,
                                           const dns::RRset& rrset) {
  if (!capabilities.holds(rrset.type)) return "no records of type " + dns::to_text(rrset.type);
  if (rrset.rdata.size() > capabilities.max_records) {
    return std::to_string(rrset.rdata.size()) + " records in one RRset, more than " +
           std::to_string(capabilities.max_records);
  }
  if (rrset.type == RRType::NS && rrset.owner.is_wildcard() && !capabilities.wildcard_ns) {
    return "NS records at a wildcard";
  }
  if (rrset.type == RRType::MX && !capabilities.null_mx && is_null_mx(rrset)) return "a null MX";
  if (auto why = why_bad_owner(capabilities, rrset)) return why;
  if (rrset.type != RRType::TXT && rrset.type != RRType::SPF) return std::nullopt;
  for (const auto& rdata : rrset.rdata) {
    if (auto why = why_bad_txt(capabilities.txt, rdata.wire())) return why;
  }
  return std::nullopt;
}

}  // namespace

std::uint32_t TtlRule::effective(std::uint32_t ttl) const {
  if (allowed.empty()) return std::clamp(ttl, min, std::max(min, max));
  const auto next = std::lower_bound(allowed.begin(), allowed.end(), ttl);
  return next == allowed.end() ? allowed.back() : *next;
}

bool Capabilities::holds(RRType type) const {
  const auto has = [type](const std::vector<RRType>& list) {
    return std::find(list.begin(), list.end(), type) != list.end();
  };
  return !has(refused) && (every_type || has(types));
}

tl::expected<Effective, Unsupported> effective(const Capabilities& capabilities,
                                               const dns::Name& apex, const dns::RRset& rrset) {
  if (auto why = why_unsupported(capabilities, rrset)) {
    return tl::unexpected<Unsupported>(Unsupported{capabilities.kind + " cannot hold " + *why});
  }
  Effective result{rrset, {}};
  const bool is_apex_ns = rrset.type == RRType::NS && rrset.owner == apex;
  const std::uint32_t ttl = is_apex_ns && capabilities.ttl.apex_ns
                                ? *capabilities.ttl.apex_ns
                                : capabilities.ttl.effective(rrset.ttl);
  if (ttl != rrset.ttl) {
    result.adjusted.push_back("TTL " + std::to_string(rrset.ttl) + " becomes " +
                              std::to_string(ttl));
    result.rrset.ttl = ttl;
  }
  return result;
}

}  // namespace taproot::pushers
