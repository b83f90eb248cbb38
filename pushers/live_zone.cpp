#include "pushers/live_zone.hpp"

#include "dns/rdata.hpp"

#include <algorithm>

namespace taproot::pushers {

namespace {

/// Puts a part of an RRset to the part that came before; not if a record is in both.
bool join_part(LiveRRset& whole, const LiveRRset& part) {
  for (const auto& id : part.ids) {
    if (std::find(whole.ids.begin(), whole.ids.end(), id) != whole.ids.end()) return false;
  }
  if (part.kind != LiveKind::plain) {
    whole.kind = part.kind;
    whole.why = part.why;
  }
  for (const auto& id : part.ids) whole.ids.push_back(id);
  for (const auto& rdata : part.rrset.rdata) whole.rrset.rdata.push_back(rdata);
  whole.has_mixed_ttls =
      whole.has_mixed_ttls || part.has_mixed_ttls || whole.rrset.ttl != part.rrset.ttl;
  whole.rrset.ttl = std::min(whole.rrset.ttl, part.rrset.ttl);
  const std::size_t count = whole.rrset.rdata.size();
  dns::normalise(whole.rrset);
  whole.has_copies = whole.has_copies || part.has_copies || whole.rrset.rdata.size() < count;
  return true;
}

}  // namespace

void LiveRRset::make_opaque(std::string words) {
  kind = LiveKind::opaque;
  why = std::move(words);
}

void LiveRRset::take(Result<dns::Rdata> record) {
  if (record) {
    rrset.rdata.push_back(std::move(*record));
  } else {
    make_opaque(why_unreadable(record.error()));
  }
}

std::string why_unreadable(const Error& error) {
  return "its contents cannot be read: " + one_line(error.detail, 120);
}

LiveRRsets gathered(const LiveZone& live) {
  LiveRRsets rrsets;
  for (const auto& one : live.rrsets) {
    const auto [at, is_new] = rrsets.emplace(one.key(), one);
    if (is_new || one.rrset.type == dns::RRType::none) continue;
    if (live.has_parts && join_part(at->second, one)) continue;
    at->second.make_opaque("it is listed more than once");
  }
  return rrsets;
}

}  // namespace taproot::pushers
