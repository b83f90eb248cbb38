#include "monitor/expectation.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"

#include <algorithm>
#include <utility>

namespace taproot::monitor {

namespace {

/// Longer texts tell a person nothing more and fill the memory.
constexpr std::size_t max_words = 200;

/// The records of one owner and type as one RRset; of different TTLs the lowest (RFC 2181
/// section 5.2).
std::optional<dns::RRset> collect(const std::vector<dns::Record>& section, const dns::Name& owner,
                                  dns::RRType type) {
  dns::RRset found{owner, type, dns::max_ttl, {}};
  for (const auto& record : section) {
    if (record.type != type || record.klass != dns::Class::IN || record.owner != owner) continue;
    found.ttl = std::min(found.ttl, record.ttl);
    found.rdata.push_back(record.rdata);
  }
  if (found.rdata.empty()) return std::nullopt;
  dns::normalise(found);
  return found;
}

std::string asked(const ExpectedAnswer& expected) {
  return expected.owner.to_text() + " " + dns::to_text(expected.type);
}

Comparison no_answer(const ExpectedAnswer& expected, const std::string& why) {
  return {Comparison::Outcome::no_answer, asked(expected) + ": " + why};
}

Comparison compare_rrset(const ExpectedAnswer& expected, const std::optional<dns::RRset>& served,
                         dns::Rcode rcode, bool ttl_may_differ) {
  const auto& wanted = *expected.wanted;
  if (!served) {
    const std::string why = rcode == dns::Rcode::nxdomain ? "NXDOMAIN" : "no such data";
    return {Comparison::Outcome::missing,
            asked(expected) + ": wanted " + in_words(wanted) + ", got " + why};
  }
  const bool same =
      ttl_may_differ ? dns::same_data(wanted, *served) : dns::same_rrset(wanted, *served);
  if (same) return {};
  return {Comparison::Outcome::different,
          asked(expected) + ": wanted " + in_words(wanted) + ", got " + in_words(*served)};
}

Comparison compare_referral(const ExpectedAnswer& expected, const dns::Message& answer,
                            bool ttl_may_differ) {
  if (answer.header.aa && answer.header.rcode == dns::Rcode::noerror &&
      collect(answer.answer, expected.owner, dns::RRType::NS)) {
    return {Comparison::Outcome::not_compared,
            asked(expected) + ": the server serves this zone, too"};
  }
  return compare_rrset(expected, collect(answer.authority, expected.owner, dns::RRType::NS),
                       answer.header.rcode, ttl_may_differ);
}

Comparison compare_absence(const ExpectedAnswer& expected, const dns::Message& answer) {
  const auto served = collect(answer.answer, expected.owner, expected.type);
  if (!served) return {};
  return {Comparison::Outcome::different,
          asked(expected) + ": wanted nothing, got " + in_words(*served)};
}

Comparison compare_nxdomain(const ExpectedAnswer& expected, const dns::Message& answer) {
  if (answer.header.rcode == dns::Rcode::nxdomain) return {};
  return {Comparison::Outcome::different,
          expected.owner.to_text() + ": wanted NXDOMAIN, got " +
              (answer.answer.empty() ? std::string("an empty answer") : std::string("records"))};
}

}  // namespace

ExpectedAnswer ExpectedAnswer::data(dns::RRset rrset) {
  auto owner = rrset.owner;
  const auto type = rrset.type;
  return {Kind::data, std::move(owner), type, std::move(rrset)};
}

ExpectedAnswer ExpectedAnswer::absence(dns::Name owner, dns::RRType type) {
  return {Kind::absence, std::move(owner), type, std::nullopt};
}

ExpectedAnswer ExpectedAnswer::referral(dns::RRset ns) {
  auto owner = ns.owner;
  return {Kind::referral, std::move(owner), dns::RRType::NS, std::move(ns)};
}

ExpectedAnswer ExpectedAnswer::nxdomain(dns::Name owner) {
  return {Kind::nxdomain, std::move(owner), dns::RRType::A, std::nullopt};
}

Comparison compare(const ExpectedAnswer& expected, const dns::Message& answer,
                   bool ttl_may_differ) {
  const auto rcode = answer.header.rcode;
  if (rcode != dns::Rcode::noerror && rcode != dns::Rcode::nxdomain) {
    return no_answer(expected, dns::to_text(rcode));
  }
  if (expected.kind == ExpectedAnswer::Kind::referral) {
    return compare_referral(expected, answer, ttl_may_differ);
  }
  if (!answer.header.aa) {
    return no_answer(expected, "answered without authority (AA is not set)");
  }
  switch (expected.kind) {
    case ExpectedAnswer::Kind::data:
    case ExpectedAnswer::Kind::referral:
      return compare_rrset(expected, collect(answer.answer, expected.owner, expected.type), rcode,
                           ttl_may_differ);
    case ExpectedAnswer::Kind::absence:
      return compare_absence(expected, answer);
    case ExpectedAnswer::Kind::nxdomain:
      return compare_nxdomain(expected, answer);
  }
  return {};
}

std::string in_words(const dns::RRset& rrset) {
  std::string text;
  for (const auto& rdata : rrset.rdata) {
    if (text.size() > max_words) break;
    if (!text.empty()) text += ' ';
    text += dns::rdata_to_text(rrset.type, rdata.wire());
  }
  if (text.size() > max_words) text = text.substr(0, max_words) + " …";
  return text + " (TTL " + std::to_string(rrset.ttl) + ")";
}

}  // namespace taproot::monitor
