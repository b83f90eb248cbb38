#pragma once

#include "zonestore/candidate.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <string>
#include <string_view>

namespace taproot::zonestore {

/// Reads the document octoDNS users have, in YAML or JSON: owner names (relative, '' is the
/// apex) to one record set or a list of them, each with `type`, `ttl`, `value` or `values`.
/// docs/zone-format.md describes it. Every mistake is a finding with line and column.
SourceRecords read_yaml_records(const dns::Name& apex, std::string_view text,
                                const std::string& shown, const SourceLimits& limits);
SourceRecords read_json_records(const dns::Name& apex, std::string_view text,
                                const std::string& shown, const SourceLimits& limits);

/// Adds the SOA that octoDNS files leave out, at no place. The first nameserver is its MNAME, as
/// everywhere.
void add_usual_soa(const dns::Name& apex, SourceRecords& records);

}  // namespace taproot::zonestore
