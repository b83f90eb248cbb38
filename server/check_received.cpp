#include "server/check_received.hpp"

#include "xfr/apply_ixfr.hpp"
#include "zonestore/catalog.hpp"
#include "zonestore/check.hpp"
#include "zonestore/check_edit.hpp"
#include "zonestore/check_part.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace taproot::server {

namespace {

/// Below it a check of everything costs next to nothing, and says all there is to say.
constexpr std::size_t large_zone_records = 20'000;

using Records = std::vector<dns::Record>;

/// Grouped by owner and type, as RRsets; records that an RRset cannot have twice are once in it.
std::shared_ptr<const zonestore::ZoneVersion> build(const dns::Name& apex, Records records) {
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto before = [&](std::size_t a, std::size_t b) {
    if (const auto by = records[a].owner <=> records[b].owner; by != 0) return by < 0;
    return records[a].type < records[b].type;
  };
  // Most servers send them in order.
  if (!std::is_sorted(order.begin(), order.end(), before)) {
    std::stable_sort(order.begin(), order.end(), before);
  }
  zonestore::ZoneBuilder builder(apex);
  for (std::size_t at = 0; at < order.size();) {
    auto& first = records[order[at]];
    dns::RRset rrset{first.owner, first.type, first.ttl, {}};
    for (; at < order.size(); ++at) {
      auto& record = records[order[at]];
      if (record.type != rrset.type || record.owner != rrset.owner) break;
      rrset.ttl = std::min(rrset.ttl, record.ttl);
      rrset.rdata.push_back(std::move(record.rdata));
    }
    if (rrset.rdata.size() > 0xffff) rrset.rdata.resize(0xffff);  // a rule stops it far below
    builder.put(std::move(rrset));
  }
  auto version = builder.finish();
  return version ? std::move(*version) : nullptr;
}

bool has_digest(const dns::Name& apex, const Records& records) {
  return std::any_of(records.begin(), records.end(), [&](const dns::Record& record) {
    return record.type == dns::RRType::ZONEMD && record.owner == apex;
  });
}

/// False if the zone is not to be taken because of its digest; `received` says why.
bool passes_digest(const zonestore::ZoneVersion& version, const std::string& shown,
                   const ReceivedChecks& checks, ReceivedZone& received) {
  if (checks.digest == zonestore::DigestDemand::none) return true;
  received.digest = zonestore::verify_digest(version);
  const auto why = zonestore::why_refused(*received.digest, checks.digest);
  if (!why) return true;
  const bool is_absent = received.digest->kind == zonestore::DigestVerdict::Kind::absent;
  received.wrong_digest = zonestore::Finding{
      zonestore::Severity::error,
      "zonemd-wrong",
      shown,
      0,
      0,
      "serial " + std::to_string(version.serial().value()) + ": " + *why,
      std::string(is_absent ? "have the primary make a ZONEMD"
                            : "have the primary make the ZONEMD anew") +
          ", transfer from another primary, or write zonemd: " + (is_absent ? "check" : "ignore") +
          " into the source to take the zone as it is",
      ""};
  return false;
}

void check_small(const dns::Name& apex, const std::string& shown, Records records,
                 const zonestore::RulePolicy& rules, ReceivedZone& received) {
  zonestore::SourceRecords source;
  source.files = {shown};
  source.texts = {nullptr};
  source.items.reserve(records.size());
  for (auto& record : records) {
    source.items.push_back(
        {std::move(record.owner), record.type, record.ttl, std::move(record.rdata), {}});
  }
  auto candidate = zonestore::check_zone(apex, std::move(source), nullptr, rules);
  received.version = std::move(candidate.version);
  received.findings = std::move(candidate.findings);
}

void check_whole(std::shared_ptr<const zonestore::ZoneVersion> version,
                 const zonestore::RulePolicy& rules, ReceivedZone& received) {
  received.findings = zonestore::check_version(*version, rules);
  if (!zonestore::has_errors(received.findings)) received.version = std::move(version);
}

Result<void> check_steps(const zonestore::ZoneVersion& base,
                         const std::vector<xfr::IxfrStep>& steps, const std::string& shown,
                         const ReceivedChecks& checks, ReceivedZone& received) {
  auto next = xfr::apply_ixfr(base, steps);
  if (!next) return tl::unexpected(next.error());
  if (!passes_digest(**next, shown, checks, received)) return {};
  const auto& rules = checks.rules;
  if ((*next)->record_count() < large_zone_records) {
    check_whole(std::move(*next), rules, received);
    return {};
  }
  const auto changes = zonestore::changes_between(base, **next);
  auto checked = zonestore::check_edit(base, std::move(*next), changes, rules);
  received.version = std::move(checked.version);
  received.findings = std::move(checked.findings);
  return {};
}

Result<ReceivedZone> check_catalog(const dns::Name& apex, const std::string& shown,
                                   xfr::IncomingTransfer transfer,
                                   const zonestore::ZoneVersion* base,
                                   const ReceivedChecks& checks) {
  ReceivedZone received;
  received.soa = transfer.soa();
  if (transfer.kind() == xfr::IncomingKind::differences) {
    if (base == nullptr) return fail(Errc::conflict, "differences to nothing");
    auto next = xfr::apply_ixfr(*base, transfer.take_steps());
    if (!next) return tl::unexpected(next.error());
    received.version = std::move(*next);
  } else {
    received.version = build(apex, transfer.take_records());
  }
  if (!received.version) return fail(Errc::bad_answer, "the zone has no SOA");
  if (!passes_digest(*received.version, shown, checks, received)) {
    received.version = nullptr;
    return received;
  }
  const auto members = zonestore::read_catalog(*received.version);
  if (members) return received;
  received.version = nullptr;
  received.findings.push_back(
      {zonestore::Severity::error, "catalog-broken", shown, 0, 0, members.error().detail,
       "mend it at the primary; until then its members stay as they are", ""});
  return received;
}

/// Makes of all records what they are worth.
void check_records(const dns::Name& apex, const std::string& shown, Records records,
                   const ReceivedChecks& checks, ReceivedZone& received) {
  const bool looks = checks.digest == zonestore::DigestDemand::require ||
                     (checks.digest == zonestore::DigestDemand::check && has_digest(apex, records));
  if (!looks && checks.digest != zonestore::DigestDemand::none) received.digest.emplace();
  const bool is_small = records.size() < large_zone_records;
  if (is_small && !looks)
    return check_small(apex, shown, std::move(records), checks.rules, received);
  if (is_small) {
    const auto version = build(apex, records);
    if (!version || !passes_digest(*version, shown, checks, received)) return;
    return check_small(apex, shown, std::move(records), checks.rules, received);
  }
  auto version = build(apex, std::move(records));
  if (!version || !passes_digest(*version, shown, checks, received)) return;
  check_whole(std::move(version), checks.rules, received);
}

Result<ReceivedZone> check_zone_received(const dns::Name& apex, const std::string& shown,
                                         xfr::IncomingTransfer transfer,
                                         const zonestore::ZoneVersion* base,
                                         const ReceivedChecks& checks) {
  ReceivedZone received;
  received.soa = transfer.soa();
  if (transfer.kind() == xfr::IncomingKind::differences) {
    const auto steps = transfer.take_steps();
    if (base == nullptr) return fail(Errc::conflict, "differences to nothing");
    if (auto fine = check_steps(*base, steps, shown, checks, received); !fine) {
      return tl::unexpected(fine.error());
    }
  } else {
    check_records(apex, shown, transfer.take_records(), checks, received);
  }
  for (auto& finding : received.findings) {
    if (finding.file.empty()) finding.file = shown;
    finding.line = 0;  // there are no lines in a transfer
    finding.column = 0;
  }
  return received;
}

}  // namespace

Result<ReceivedZone> check_received(const dns::Name& apex, const std::string& shown,
                                    xfr::IncomingTransfer transfer,
                                    const std::shared_ptr<const zonestore::ZoneVersion>& base,
                                    const ReceivedChecks& checks) {
  const auto check = checks.is_catalog ? check_catalog : check_zone_received;
  auto received = check(apex, shown, std::move(transfer), base.get(), checks);
  if (!received || checks.keeps_digest || !received->version) return received;
  received->left_out = received->version->find(apex, dns::RRType::ZONEMD);
  received->version = zonestore::without_digest(std::move(received->version));
  return received;
}

}  // namespace taproot::server
