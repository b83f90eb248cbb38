#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/rule_policy.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace taproot::zonestore {

/// Bounds on what a source may make taproot do.
struct SourceLimits {
  std::size_t file_octets = std::size_t{4} << 30;  ///< of all files of a zone together
  std::size_t line_octets = std::size_t{1} << 20;  ///< of one logical line of a zone file
  std::size_t include_depth = 8;
  std::size_t generate_records = 1'000'000;  ///< of all $GENERATE of a zone together
  std::size_t yaml_nodes = 20'000'000;       ///< after aliases are followed
  std::size_t findings = 200;                ///< reported; the rest is counted in one more
};

/// How a file is read is told by its ending: .yaml and .yml, .json, anything else is a zone file.
enum class SourceKind { zone_file, yaml, json };
SourceKind kind_of(const std::filesystem::path& path);

/// Reads and checks the zone `apex` from a file of any kind. `shown` is the path as the operator
/// wrote it, for findings. An unreadable file is a finding of the rule "unreadable", too.
/// Blocks: call it on the work pool.
Candidate load_zone(const dns::Name& apex, const std::filesystem::path& path,
                    const std::string& shown, const SourceLimits& limits = {},
                    const RulePolicy& policy = {});

}  // namespace taproot::zonestore
