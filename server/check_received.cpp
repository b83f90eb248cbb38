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
                         const std::vector<xfr::IxfrStep>& steps,
                         const zonestore::RulePolicy& rules, ReceivedZone& received) {
  auto next = xfr::apply_ixfr(base, steps);
  if (!next) return tl::unexpected(next.error());
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
                                   const zonestore::ZoneVersion* base) {
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
  const auto members = zonestore::read_catalog(*received.version);
  if (members) return received;
  received.version = nullptr;
  received.findings.push_back(
      {zonestore::Severity::error, "catalog-broken", shown, 0, 0, members.error().detail,
       "mend it at the primary; until then its members stay as they are", ""});
  return received;
}

}  // namespace

Result<ReceivedZone> check_received(const dns::Name& apex, const std::string& shown,
                                    xfr::IncomingTransfer transfer,
                                    const std::shared_ptr<const zonestore::ZoneVersion>& base,
                                    const zonestore::RulePolicy& rules, bool is_catalog) {
  ReceivedZone received;
  received.soa = transfer.soa();
  if (is_catalog) return check_catalog(apex, shown, std::move(transfer), base.get());
  if (transfer.kind() == xfr::IncomingKind::differences) {
    const auto steps = transfer.take_steps();
    if (!base) return fail(Errc::conflict, "differences to nothing");
    if (auto fine = check_steps(*base, steps, rules, received); !fine) {
      return tl::unexpected(fine.error());
    }
  } else if (auto records = transfer.take_records(); records.size() < large_zone_records) {
    check_small(apex, shown, std::move(records), rules, received);
  } else if (auto version = build(apex, std::move(records))) {
    check_whole(std::move(version), rules, received);
  }
  for (auto& finding : received.findings) {
    if (finding.file.empty()) finding.file = shown;
    finding.line = 0;  // there are no lines in a transfer
    finding.column = 0;
  }
  return received;
}

}  // namespace taproot::server
